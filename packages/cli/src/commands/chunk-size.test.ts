import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { berth, type Ran } from "../testing/run-berth.ts";
import { useRegistry } from "../testing/use-registry.test-kit.ts";

// tests run several commands, and the first one loads all that they need
/** What the proxy before the registry takes in one request. Bytes. */
const MOST = 300_000;

/** Bytes of the bodies that arrived, of blobs. */
let sizes: number[];

const at = useRegistry({
  per: "test",
  before: (request, response, next) => {
    const size = Number(request.headers["content-length"] ?? 0);
    if (/\/blobs\//.test(request.url ?? "") && size > 1000) sizes.push(size);
    if (size > MOST) response.writeHead(413).end();
    else next();
  },
});

beforeEach(() => {
  sizes = [];
});

/** A file of its own bytes. */
function file(name: string, size: number): string {
  const path = join(at.folder, name);
  writeFileSync(path, randomBytes(size));
  return path;
}

async function run(args: readonly string[], stdin?: Uint8Array): Promise<Ran> {
  return await berth(args, { env: { HOME: at.folder }, ...(stdin && { stdin }) });
}

const state = (): string => join(at.folder, ".local/state/berth/upload-limits.json");

test("--chunk-size auto sends blobs whole until that is refused, then in chunks that pass, in later runs from the start", async () => {
  const app = `${at.server.host}/app`;
  expect(await run(["push", `${app}:small`, `${file("small", 200_000)}:application/x`])).toMatchObject({ code: 0 });
  expect(sizes).toEqual([200_000]);
  expect(existsSync(state())).toBe(false);
  sizes.length = 0;
  expect(await run(["push", "--chunk-size", "auto", `${app}:v1`, `${file("a", 800_000)}:application/x`])).toMatchObject({ code: 0 });
  expect(sizes).toEqual([800_000, ...Array<number>(4).fill(200_000)]);
  expect(JSON.parse(readFileSync(state(), "utf8"))).toEqual({ [at.server.host]: { bytes: 200_000, at: expect.any(Number) } });
  sizes.length = 0;
  await run(["push", `oci:${at.folder}/layout:v2`, `${file("b", 500_000)}:application/x`]);
  for (const args of [
    ["cp", `oci:${at.folder}/layout:v2`, `${at.server.host}/cp:v2`],
    ["load", `${at.folder}/layout`, `${at.server.host}/load`],
    ["attach", "--artifact-type", "a/b", `${app}:v1`, file("c", 500_000)],
    ["blob", "put", `${at.server.host}/put`, file("d", 500_000)],
  ]) {
    sizes.length = 0;
    rmSync(join(at.folder, ".local/state/berth/sources.json")); // else what went to one repository is mounted into the next
    expect(await run(args)).toMatchObject({ code: 0 });
    expect(sizes, args[0]).toEqual([200_000, 200_000, 100_000]);
  }
  sizes.length = 0;
  expect(await run(["blob", "put", `${at.server.host}/stdin`], randomBytes(500_000))).toMatchObject({ code: 0 });
  expect(sizes).toEqual([200_000, 200_000, 100_000]);
});

test("what was found out is forgotten after a week, and a file that is not whole says nothing", async () => {
  const week = 604_800_000;
  for (const [text, first] of [
    [JSON.stringify({ [at.server.host]: { bytes: 1000, at: Date.now() - week } }), 250_000],
    [JSON.stringify({ [at.server.host]: { bytes: 125_000, at: Date.now() - week / 2 } }), 125_000],
    [JSON.stringify({ [at.server.host]: { bytes: -1, at: Date.now() } }), 250_000],
    ["{", 250_000],
  ] as const) {
    mkdirSync(dirname(state()), { recursive: true });
    writeFileSync(state(), text);
    sizes.length = 0;
    expect(await run(["push", `${at.server.host}/app:x`, `${file("x", 250_000)}:application/x`])).toMatchObject({ code: 0 });
    expect(sizes[0]).toBe(first);
  }
});

test("a size that is said is kept from the first request on, goes before the config file, and is checked", async () => {
  const args = (size: string): readonly string[] => ["push", "--chunk-size", size, `${at.server.host}/app:v1`];
  expect(await run([...args("100k"), `${file("a", 250_000)}:application/x`])).toMatchObject({ code: 0 });
  expect(sizes).toEqual([100_000, 100_000, 50_000]);
  expect(existsSync(state())).toBe(false); // nothing was found out
  const config = join(at.folder, "config.yml");
  writeFileSync(config, `registries: {"${at.server.host}": {chunkSize: 100k}}\n`);
  for (const [size, first] of [
    ["auto", 250_000],
    ["200k", 200_000],
  ] as const) {
    sizes.length = 0;
    const more = [...args(size), `${file(size, 250_000)}:application/x`];
    expect(await berth(more, { env: { BERTH_CONFIG: config } })).toMatchObject({ code: 0 });
    expect(sizes[0]).toBe(first);
  }
  expect(await run([...args("0"), "x"])).toMatchObject({ code: 2, stderr: expect.stringContaining("expected a size from 1 byte up") });
  expect(await run([...args("big"), "x"])).toMatchObject({ code: 2 });
  expect(await run(["save", "--chunk-size", "1M", "-o", join(at.folder, "x.tar"), `${at.server.host}/app:v1`])).toMatchObject({ code: 2 });
});
