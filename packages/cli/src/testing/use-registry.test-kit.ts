import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRegistry, type EmbeddedRegistry } from "@berth/registry";
import type { Target } from "@berth/oci";
import { afterAll, beforeAll, beforeEach } from "vitest";
import { serveHandler, type TestServer } from "./registry.ts";

/** Where the tests of a file work. */
export interface TestRegistry {
  /** For the whole file. */
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

/** Starts a registry before the tests of a file, and ends it behind them; it and the folder are there from `beforeAll` hooks below on. */
export function useRegistry(): TestRegistry {
  let folder = "";
  let registry: EmbeddedRegistry;
  let server: TestServer;
  let number = 0;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "berth-cli-"));
    registry = await createRegistry();
    server = await serveHandler(registry.handler);
    await import("@berth/transfer"); // takes its time: no test waits for it
  });
  afterAll(async () => {
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
