import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { tarFolder } from "@berth/transfer";
import { beforeAll, beforeEach, expect, test, vi } from "vitest";
import { run } from "../program.ts";
import { fakeIo } from "../testing/fake-io.ts";
import { pushImage } from "../testing/registry.ts";
import { type Ran, berth } from "../testing/run-berth.ts";
import { useRegistry } from "../testing/use-registry.test-kit.ts";

// tests run several commands, and the first one loads all that they need
const registry = useRegistry();
/** A repository with an image `base`, and a pipe, of each test's own. */
let app: string;
let pipe: string;

beforeAll(async () => {
  mkdirSync(join(registry.folder, "etc"));
  writeFileSync(join(registry.folder, "etc", "name"), "berth\n");
});

beforeEach(async () => {
  ({ app } = registry);
  pipe = `${registry.path}-pipe`;
  execFileSync("/usr/bin/mkfifo", [pipe]);
  const archive = Buffer.concat(await Array.fromAsync(tarFolder([{ path: join(registry.folder, "etc"), name: "etc" }])));
  await pushImage(registry.repository, { tags: ["base"], content: archive.toString("latin1") });
});

/** Runs a command while something is written into the pipe, as a shell does for `<(command)`. */
async function withPiped(content: string | Uint8Array, args: readonly string[]): Promise<Ran> {
  const [ran] = await Promise.all([berth(args), writeFile(pipe, content)]);
  return ran;
}

test("push takes what comes out of a pipe with a name, as a file and as a config", async () => {
  const out = `${registry.path}-out`;
  expect(await withPiped("hello", ["push", `${app}:v1`, pipe])).toMatchObject({ code: 0, stderr: "" });
  expect(await berth(["pull", "-o", out, `${app}:v1`])).toMatchObject({ code: 0 });
  expect(readFileSync(join(out, basename(pipe)), "utf8")).toBe("hello");
  const file = join(registry.folder, "etc", "name");
  expect(await withPiped('{"a":1}', ["push", `${app}:v2`, "--config", `${pipe}:application/json`, file])).toMatchObject({ code: 0 });
  expect((await berth(["config", "get", `${app}:v2`])).stdout).toBe('{"a":1}');
});

test("blob put takes what comes out of a pipe with a name", async () => {
  const ran = await withPiped("hello", ["blob", "put", "--format", "jsonpath=.size", app, pipe]);
  expect(ran).toMatchObject({ code: 0, stdout: "5\n", stderr: "" });
});

test("append and load take what comes out of a pipe with a name", async () => {
  const layer = Buffer.concat(await Array.fromAsync(tarFolder([{ path: join(registry.folder, "etc"), name: "srv" }])));
  expect(await withPiped(layer, ["append", "-f", pipe, "--tag", "v2", `${app}:base`])).toMatchObject({ code: 0, stderr: "" });
  expect((await berth(["cat", `${app}:v2`, "srv/name"])).stdout).toBe("berth\n");
  const archive = `${registry.path}.tar`;
  expect(await berth(["save", "-o", archive, `${app}:v2`])).toMatchObject({ code: 0 });
  expect(await withPiped(readFileSync(archive), ["load", pipe, `${app}:v3`])).toMatchObject({ code: 0, stderr: "" });
  expect((await berth(["cat", `${app}:v3`, "srv/name"])).stdout).toBe("berth\n");
});

test("who waits at a terminal for a pipe that nobody writes to is told what for", async () => {
  const told = `berth: waiting for "${pipe}": nothing was written to this pipe yet\n`;
  const watched = fakeIo({ terminal: { columns: 200, rows: 20 } });
  const running = run(["push", `${app}:v1`, pipe], { io: watched.io });
  await vi.waitFor(() => expect(watched.stderr()).toContain(told), { timeout: 20_000 });
  await writeFile(pipe, "hello");
  expect([await running, watched.stdout()]).toEqual([0, expect.not.stringContaining("waiting")]);
});

test("who stops waiting for a pipe does not wait on until somebody writes to it", async () => {
  const stop = new AbortController();
  const watched = fakeIo({ terminal: { columns: 200, rows: 20 }, signal: stop.signal });
  const running = run(["push", `${app}:v1`, pipe], { io: watched.io });
  await vi.waitFor(() => expect(watched.stderr()).toContain("waiting for"), { timeout: 20_000 });
  stop.abort(new Error("stopped"));
  expect(await running).not.toBe(0);
  expect(watched.stderr()).toContain("berth: stopped");
  await writeFile(pipe, "hello"); // lets the call end that opens the pipe
});
