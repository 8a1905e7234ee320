import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRegistry, type EmbeddedRegistry } from "@berth/registry";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { FakeIoOptions } from "../testing/fake-io.ts";
import { type PushedImage, pushImage, serveHandler, type TestServer } from "../testing/registry.ts";
import { berth, type Ran } from "../testing/run-berth.ts";

let folder: string;
let registries: EmbeddedRegistry[];
let servers: TestServer[];
let origin: TestServer;
let mirror: TestServer;
let image: PushedImage;
/** What the mirror was sent to know who asks. */
let shown: (string | undefined)[];
/** Requests that the registry refuses as too large. */
let isTooLarge: (request: IncomingMessage) => boolean;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "berth-user-config-"));
  registries = [await createRegistry(), await createRegistry()];
  const [own, other] = registries;
  if (own === undefined || other === undefined) throw new Error("two registries were made");
  shown = [];
  isTooLarge = () => false;
  origin = await serveHandler((request, response) => {
    if (isTooLarge(request)) response.writeHead(413).end();
    else own.handler(request, response);
  });
  mirror = await serveHandler((request, response) => {
    shown.push(request.headers.authorization);
    other.handler(request, response);
  });
  servers = [origin, mirror];
  image = await pushImage(own.repository("team/app"), { tags: ["v1"] });
});

afterEach(async () => {
  for (const server of servers) await server.close();
  for (const registry of registries) await registry.close();
  rmSync(folder, { recursive: true });
});

async function run(config: string, args: readonly string[], options: FakeIoOptions = {}): Promise<Ran> {
  const file = join(folder, "config.yml");
  writeFileSync(file, config);
  return await berth(args, { ...options, env: { BERTH_CONFIG: file, DOCKER_CONFIG: folder, ...options.env } });
}

const mirrored = (...hosts: string[]): string => `registries:\n  ${origin.host}: {mirrors: [${hosts.join(", ")}]}\n`;
const paths = ({ journal }: TestServer): readonly string[] => journal.filter((line) => !line.includes(" /v2/ "));

test("[engine/T4] a mirror is asked before its registry, under its prefix, is told which one is meant, and never gets its password", async () => {
  await pushImage(registries[1]?.repository("hub/team/app") ?? expect.fail(), { tags: ["v1"] });
  const config = `${mirrored(mirror.host)}  ${mirror.host}: {pathPrefix: hub}\n`;
  const args = ["cp", "--from-user", "anna:secret", `${origin.host}/team/app:v1`, `oci:${folder}/layout`];
  expect(await run(config, args)).toEqual({ code: 0, stdout: `oci:${folder}/layout:v1@${image.manifest.digest}\n`, stderr: "" });
  expect(paths(origin)).toEqual([]);
  const asked = paths(mirror);
  expect(asked.length).toBeGreaterThan(2);
  for (const one of asked) expect(one).toContain(`/v2/hub/team/app/`);
  for (const one of asked) expect(one).toContain(`ns=${encodeURIComponent(origin.host)}`);
  expect(new Set(shown)).toEqual(new Set([undefined]));
});

test("[engine/T4] the mirror with the highest priority is first; one that lacks the image is passed over, one that fails is warned of", async () => {
  const dead = "127.0.0.1:1";
  const config = `${mirrored(mirror.host, dead)}  ${dead}: {priority: 5}\n`;
  const { code, stdout, stderr } = await run(config, ["digest", "--retries", "0", `${origin.host}/team/app:v1`]);
  expect({ code, stdout }).toEqual({ code: 0, stdout: `${image.manifest.digest}\n` });
  expect(stderr).toMatch(new RegExp(`^berth: warning: mirror ${dead} of ${origin.host} was left out: [^\n]*\n$`));
  expect(paths(mirror)).not.toEqual([]);
  expect(paths(origin)).not.toEqual([]);
});

test("[engine/T6] when nobody has it the registry's own answer counts; what changes something goes to the registry alone", async () => {
  const gone = await run(mirrored(mirror.host), ["pull", "-o", join(folder, "x"), `${origin.host}/team/app:gone`]);
  expect(gone).toMatchObject({ code: 4, stdout: "", stderr: expect.stringContaining(origin.host) });
  mirror.journal.length = 0;
  expect(await run(mirrored(mirror.host), ["tag", `${origin.host}/team/app:v1`, "v2"])).toMatchObject({ code: 0 });
  expect(mirror.journal).toEqual([]);
});

test("a mistake in the command is told once, not at every mirror", async () => {
  const { code, stderr } = await run(mirrored(mirror.host), ["cp", "--digest-file", "x", "--all-tags", `${origin.host}/team/app`, "oci:x"]);
  expect({ code, lines: stderr.split("\n").length }).toEqual({ code: 2, lines: 3 });
});

test("requests of an upload hold no more than the config file says", async () => {
  const sizes: number[] = [];
  isTooLarge = ({ method = "", headers }) => {
    const size = Number(headers["content-length"] ?? 0);
    if (/^P(?:UT|ATCH)$/.test(method) && size > 0) sizes.push(size);
    return size > 150_000;
  };
  const file = join(folder, "data");
  writeFileSync(file, randomBytes(250_000));
  const config = `registries: {"${origin.host}": {chunkSize: 100k}}\n`;
  expect(await run(config, ["push", `${origin.host}/data:v1`, `${file}:application/x`])).toMatchObject({ code: 0 });
  expect(sizes.filter((size) => size >= 50_000)).toEqual([100_000, 100_000, 50_000]);
  sizes.length = 0;
  expect(await run(config, ["push", "--chunk-size", "125k", `${origin.host}/other:v1`, `${file}:application/x`])).toMatchObject({
    code: 0,
  });
  expect(sizes.filter((size) => size >= 50_000)).toEqual([125_000, 125_000]);
});

test("files of an archive get the time that SOURCE_DATE_EPOCH sets", async () => {
  const bytes = async (epoch: string): Promise<string> => {
    const { code, stdout } = await berth(["cp", `${origin.host}/team/app:v1`, "-"], { env: { SOURCE_DATE_EPOCH: epoch } });
    expect(code).toBe(0);
    return stdout;
  };
  expect(await bytes("1000000000")).toBe(await bytes("1000000000"));
  expect(await bytes("1000000000")).toContain("07346545000"); // in octal
  expect(await bytes("")).not.toContain("07346545000");
});
