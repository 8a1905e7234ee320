import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRegistry, type EmbeddedRegistry } from "@berth/registry";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { pushImage, serveHandler, type TestServer } from "../testing/registry.ts";
import { berth } from "../testing/run-berth.ts";

// tests run several commands, and the first one loads all that they need
vi.setConfig({ testTimeout: 30_000 });

let folder: string;
let registry: EmbeddedRegistry;
let server: TestServer;
let app: string;
let digest: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "berth-archives-"));
  registry = await createRegistry();
  server = await serveHandler(registry.handler);
  app = `${server.host}/app`;
  digest = (await pushImage(registry.repository("app"), { tags: ["v1"] })).manifest.digest;
  await pushImage(registry.repository("app"), { tags: ["v2"], content: "other" });
});

afterEach(async () => {
  await server.close();
  await registry.close();
  rmSync(folder, { recursive: true });
});

test("what an archive holds is listed, and an image of it is named as it can be typed", async () => {
  const oci = `oci-archive:${join(folder, "app.tar")}`;
  const docker = `docker-archive:${join(folder, "docker.tar")}`;
  await berth(["cp", `${app}:v1`, `${oci}:v1`]);
  await berth(["cp", `${app}:v1`, `${docker}:acme/app:v1`]);
  expect(await berth(["ls", oci])).toEqual({ code: 0, stdout: "v1\n", stderr: "" });
  expect(await berth(["ls", docker])).toEqual({ code: 0, stdout: "acme/app:v1\n", stderr: "" });
  for (const place of [oci, docker]) {
    const shown = (await berth(["inspect", "--format", "jsonpath=.reference", place])).stdout.trim();
    expect(shown).toMatch(/\.tar@sha256:[0-9a-f]{64}$/);
    expect((await berth(["digest", shown])).code).toBe(0);
  }
  expect((await berth(["digest", `${oci}@${digest}`])).stdout).toBe(`${digest}\n`);
});
