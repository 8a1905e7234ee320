import { mkdtempSync, rmSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRegistry, type EmbeddedRegistry } from "@berth/registry";
import type { Target } from "@berth/oci";
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import { serveHandler, type TestServer } from "./registry.ts";

/** Options of {@link useRegistry}. */
export interface TestRegistryOptions {
  /** What has one of its own: the whole file, with the same content for all of its tests, or each test. Default `file`. */
  readonly per?: "file" | "test";
  /** Sees each request first, and answers it or calls `next`, which hands it to the registry; default: all are handed on. */
  readonly before?: (request: IncomingMessage, response: ServerResponse, next: () => void) => void;
}

/** Where the tests of a file work. */
export interface TestRegistry {
  /** There as long as the registry is. */
  readonly folder: string;
  readonly server: TestServer;
  /** What the server serves, from within. */
  readonly embedded: EmbeddedRegistry;
  /** `host:port/name` of a repository of each test's own. */
  readonly app: string;
  /** The same, from within. */
  readonly repository: Target;
  /** A path that nothing is at, of each test's own. */
  readonly path: string;
}

/** Starts a registry before the tests of a file, and ends it behind them; it and the folder are there from hooks of the same kind below on. */
export function useRegistry({ per = "file", before = (_request, _response, next) => next() }: TestRegistryOptions = {}): TestRegistry {
  let folder = "";
  let registry: EmbeddedRegistry;
  let server: TestServer;
  let number = 0;
  const [start, end] = per === "file" ? [beforeAll, afterAll] : [beforeEach, afterEach];
  start(async () => {
    folder = mkdtempSync(join(tmpdir(), "berth-cli-"));
    registry = await createRegistry();
    const { handler } = registry;
    server = await serveHandler((request, response) => before(request, response, () => handler(request, response)));
    await import("@berth/transfer"); // takes its time: no test waits for it
  });
  end(async () => {
    await server.close();
    await registry.close();
    rmSync(folder, { recursive: true });
  });
  beforeEach(() => void number++);
  const name = (): string => `team/n${number}`;
  return {
    get folder() {
      return folder;
    },
    get server() {
      return server;
    },
    get embedded() {
      return registry;
    },
    get app() {
      return `${server.host}/${name()}`;
    },
    get repository() {
      return registry.repository(name());
    },
    get path() {
      return join(folder, `n${number}`);
    },
  };
}
