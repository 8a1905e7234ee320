import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import type { FakeIoOptions } from "../testing/fake-io.ts";
import { type PushedImage, pushImage, type TestServer } from "../testing/registry.ts";
import { berth, type Ran } from "../testing/run-berth.ts";
import { useRegistry } from "../testing/use-registry.test-kit.ts";

let image: PushedImage;
/** What the mirror was sent to know who asks. */
let shown: (string | undefined)[];
/** Requests that the registry refuses as too large. */
let isTooLarge: (request: IncomingMessage) => boolean;

const origin = useRegistry({
  per: "test",
  before: (request, response, next) => {
    if (isTooLarge(request)) response.writeHead(413).end();
    else next();
  },
});
const mirror = useRegistry({
  per: "test",
  before: (request, _response, next) => {
    shown.push(request.headers.authorization);
    next();
  },
});

beforeEach(async () => {
  shown = [];
  isTooLarge = () => false;
  image = await pushImage(origin.embedded.repository("team/app"), { tags: ["v1"] });
});

async function run(config: string, args: readonly string[], options: FakeIoOptions = {}): Promise<Ran> {
  const file = join(origin.folder, "config.yml");
  writeFileSync(file, config);
  return await berth(args, { ...options, env: { BERTH_CONFIG: file, DOCKER_CONFIG: origin.folder, ...options.env } });
}

const mirrored = (...hosts: string[]): string => `registries:\n  ${origin.server.host}: {mirrors: [${hosts.join(", ")}]}\n`;
const paths = ({ journal }: TestServer): readonly string[] => journal.filter((line) => !line.includes(" /v2/ "));

test("[engine/T4] a mirror is asked before its registry, under its prefix, is told which one is meant, and never gets its password", async () => {
  await pushImage(mirror.embedded.repository("hub/team/app"), { tags: ["v1"] });
  const config = `${mirrored(mirror.server.host)}  ${mirror.server.host}: {pathPrefix: hub}\n`;
  const args = ["cp", "--from-user", "anna:secret", `${origin.server.host}/team/app:v1`, `oci:${origin.folder}/layout`];
  expect(await run(config, args)).toEqual({ code: 0, stdout: `oci:${origin.folder}/layout:v1@${image.manifest.digest}\n`, stderr: "" });
  expect(paths(origin.server)).toEqual([]);
  const asked = paths(mirror.server);
  expect(asked.length).toBeGreaterThan(2);
  for (const one of asked) expect(one).toContain(`/v2/hub/team/app/`);
  for (const one of asked) expect(one).toContain(`ns=${encodeURIComponent(origin.server.host)}`);
  expect(new Set(shown)).toEqual(new Set([undefined]));
});

test("[engine/T4] the mirror with the highest priority is first; one that lacks the image is passed over, one that fails is warned of", async () => {
  const dead = "127.0.0.1:1";
  const config = `${mirrored(mirror.server.host, dead)}  ${dead}: {priority: 5}\n`;
  const { code, stdout, stderr } = await run(config, ["digest", "--retries", "0", `${origin.server.host}/team/app:v1`]);
  expect({ code, stdout }).toEqual({ code: 0, stdout: `${image.manifest.digest}\n` });
  expect(stderr).toMatch(new RegExp(`^berth: warning: mirror ${dead} of ${origin.server.host} was left out: [^\n]*\n$`));
  expect(paths(mirror.server)).not.toEqual([]);
  expect(paths(origin.server)).not.toEqual([]);
});

test("[engine/T6] when nobody has it the registry's own answer counts; what changes something goes to the registry alone", async () => {
  const gone = await run(mirrored(mirror.server.host), ["pull", "-o", join(origin.folder, "x"), `${origin.server.host}/team/app:gone`]);
  expect(gone).toMatchObject({ code: 4, stdout: "", stderr: expect.stringContaining(origin.server.host) });
  mirror.server.journal.length = 0;
  expect(await run(mirrored(mirror.server.host), ["tag", `${origin.server.host}/team/app:v1`, "v2"])).toMatchObject({ code: 0 });
  expect(mirror.server.journal).toEqual([]);
});

test("a mistake in the command is told once, not at every mirror", async () => {
  const { code, stderr } = await run(mirrored(mirror.server.host), [
    "cp",
    "--digest-file",
    "x",
    "--all-tags",
    `${origin.server.host}/team/app`,
    "oci:x",
  ]);
  expect({ code, lines: stderr.split("\n").length }).toEqual({ code: 2, lines: 3 });
});

test("requests of an upload hold no more than the config file says", async () => {
  const sizes: number[] = [];
  isTooLarge = ({ method = "", headers }) => {
    const size = Number(headers["content-length"] ?? 0);
    if (/^P(?:UT|ATCH)$/.test(method) && size > 0) sizes.push(size);
    return size > 150_000;
  };
  const file = join(origin.folder, "data");
  writeFileSync(file, randomBytes(250_000));
  const config = `registries: {"${origin.server.host}": {chunkSize: 100k}}\n`;
  expect(await run(config, ["push", `${origin.server.host}/data:v1`, `${file}:application/x`])).toMatchObject({ code: 0 });
  expect(sizes.filter((size) => size >= 50_000)).toEqual([100_000, 100_000, 50_000]);
  sizes.length = 0;
  expect(await run(config, ["push", "--chunk-size", "125k", `${origin.server.host}/other:v1`, `${file}:application/x`])).toMatchObject({
    code: 0,
  });
  expect(sizes.filter((size) => size >= 50_000)).toEqual([125_000, 125_000]);
});

test("files of an archive get the time that SOURCE_DATE_EPOCH sets", async () => {
  const bytes = async (epoch: string): Promise<string> => {
    const { code, stdout } = await berth(["cp", `${origin.server.host}/team/app:v1`, "-"], { env: { SOURCE_DATE_EPOCH: epoch } });
    expect(code).toBe(0);
    return stdout;
  };
  expect(await bytes("1000000000")).toBe(await bytes("1000000000"));
  expect(await bytes("1000000000")).toContain("07346545000"); // in octal
  expect(await bytes("")).not.toContain("07346545000");
});

test("a mistake in the config file is one of who wrote it", async () => {
  const { code, stdout, stderr } = await run("registries: {a.test: {mirrors: []}, b.test: {plainHttp: 1}}\n", ["digest", "a.test/b:v1"]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain("Cannot use config file");
});
