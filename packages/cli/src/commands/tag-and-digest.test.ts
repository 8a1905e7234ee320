import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { expect, test, vi } from "vitest";
import { pushImage } from "../testing/registry.ts";
import { berth } from "../testing/run-berth.ts";
import { useRegistry } from "../testing/use-registry.test-kit.ts";

// each test runs many commands
vi.setConfig({ testTimeout: 60_000 });

const at = useRegistry();
const OTHER = `sha256:${"0".repeat(64)}`;

const tagsOf = async (place: string): Promise<string> => (await berth(["ls", place])).stdout;

/** What a verb writes, and the place that it is told to write it to. */
const VERBS: readonly (readonly [verb: string, args: (to: string) => readonly string[]])[] = [
  ["cp", (to) => ["cp", `${at.app}:v1`, to]],
  ["push of a file", (to) => ["push", to, `${at.path}.json`]],
  ["push of an image", (to) => ["push", to, `oci:${at.path}-from:v1`]],
  ["load", (to) => ["load", `${at.path}.tar`, to]],
  ["mutate -o", (to) => ["mutate", "--annotation", "a=b", `${at.app}:v1`, "-o", to]],
  ["append -o", (to) => ["append", "--layer", `${at.path}-layer`, `${at.app}:v1`, "-o", to]],
  ["index create", (to) => ["index", "create", to, `${at.app}:v1`]],
  ["manifest put", (to) => ["manifest", "put", to, `${at.path}.manifest`]],
];

test.each(VERBS)(
  "%s sets the tag of a destination that names a digest as well, and holds the content against that",
  async (verb, argsFor) => {
    await pushImage(at.repository, { tags: ["v1"] });
    writeFileSync(`${at.path}.json`, "{}");
    mkdirSync(`${at.path}-layer`);
    await berth(["cp", `${at.app}:v1`, `oci:${at.path}-from:v1`]);
    await berth(["save", "--format-archive", "oci", "-o", `${at.path}.tar`, `${at.app}:v1`]);
    writeFileSync(`${at.path}.manifest`, (await berth(["manifest", "get", `${at.app}:v1`])).stdout);
    const inTheRepository = verb === "manifest put"; // whose blobs have to be there
    const to = inTheRepository ? at.app : `${at.app}-to`;
    const epoch = { env: { SOURCE_DATE_EPOCH: "0" } };
    const run = async (digest: string, ...flags: readonly string[]): ReturnType<typeof berth> => {
      const [first = "", ...rest] = argsFor(`${to}:new@${digest}`);
      return await berth([first, ...rest, ...flags], epoch);
    };
    at.server.journal.length = 0;
    for (const flags of [[], ["--dry-run"]]) {
      const refused = await run(OTHER, ...flags);
      expect(refused).toMatchObject({ code: inTheRepository ? 6 : 2, stdout: "", stderr: expect.stringContaining(OTHER) });
    }
    expect(at.server.journal.filter((line) => !/^(?:GET|HEAD) /.test(line))).toEqual([]);
    const digest = /sha256:(?!0{64})[0-9a-f]{64}/.exec((await run(OTHER)).stderr)?.[0] ?? "";
    const would = await run(digest, "--dry-run");
    expect(would).toMatchObject({ code: 0, stdout: expect.stringContaining(":new") });
    expect(would.stdout).not.toMatch(/@sha256:\S*@/);
    expect(await run(digest)).toMatchObject({ code: 0, stdout: expect.stringContaining(digest) });
    expect((await berth(["digest", `${to}:new`])).stdout).toBe(`${digest}\n`);
  },
);

test("a layout and an archive get the tag of a destination that names a digest as well, or nothing", async () => {
  const { manifest } = await pushImage(at.repository, { tags: ["v1"] });
  for (const [to, tag] of [
    [`oci:${at.path}`, "v2"],
    [`oci-archive:${at.path}.tar`, "v2"],
    [`docker-archive:${at.path}.docker.tar`, "a.test/b:v2"],
  ] as const) {
    const path = to.slice(to.indexOf(":") + 1);
    expect(await berth(["cp", `${at.app}:v1`, `${to}:${tag}@${OTHER}`])).toMatchObject({ code: 2, stdout: "" });
    expect(existsSync(path)).toBe(false);
    expect(await berth(["cp", `${at.app}:v1`, `${to}:${tag}@${manifest.digest}`])).toMatchObject({ code: 0 });
    expect(await tagsOf(to)).toBe(`${tag}\n`);
  }
  expect(await berth(["pull", "--verify", "-o", `oci:${at.path}-2:v2@${OTHER}`, `${at.app}:v1`])).toMatchObject({ code: 2 });
  expect(existsSync(`${at.path}-2`)).toBe(false);
  expect(await berth(["pull", "--verify", "-o", `oci:${at.path}-2:v2@${manifest.digest}`, `${at.app}:v1`])).toMatchObject({ code: 0 });
  expect(await tagsOf(`oci:${at.path}-2`)).toBe("v2\n");
});

test("a reference behind --tag may name a tag and a digest, too", async () => {
  const { manifest } = await pushImage(at.repository, { tags: ["v1"] });
  const tagged = await berth(["manifest", "put", `${at.app}:v1`, "--tag", `${at.app}:v2@${manifest.digest}`, "-"], {
    stdin: (await berth(["manifest", "get", `${at.app}:v1`])).stdout,
  });
  expect(tagged).toMatchObject({ code: 0 });
  expect(await tagsOf(at.app)).toBe("v1\nv2\n");
  const refused = await berth(["mutate", "--annotation", "a=b", "--tag", `${at.app}:v3@${OTHER}`, `${at.app}:v1`]);
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining(OTHER) });
  expect(await tagsOf(at.app)).toBe("v1\nv2\n");
});

test("sync sets the tag of a destination that names a digest as well, tells of it once, and holds the content against that", async () => {
  const { manifest } = await pushImage(at.repository, { tags: ["v1"] });
  const file = `${at.path}.yml`;
  const sync = async (to: string, ...flags: readonly string[]): ReturnType<typeof berth> => {
    writeFileSync(file, `version: 1\nsync:\n  - source: ${at.app}:v1\n    destination: ${to}\n`);
    return await berth(["sync", ...flags, file]);
  };
  const to = `${at.app}-to`;
  for (const flags of [[], ["--dry-run"]])
    expect(await sync(`${to}:new@${OTHER}`, ...flags)).toMatchObject({ code: 2, stderr: expect.stringContaining(OTHER) });
  const { digest } = manifest;
  expect(await sync(`${to}:new@${digest}`, "--dry-run")).toMatchObject({ code: 0, stdout: `${to}:new@${digest} (dry run)\n` });
  expect(await sync(`${to}:new@${digest}`)).toMatchObject({ code: 0, stdout: `${to}:new@${digest}\n` });
  expect((await berth(["digest", `${to}:new`])).stdout).toBe(`${digest}\n`);
  expect(await sync(`${to}-2@${digest}`)).toMatchObject({ code: 0, stdout: `${to}-2@${digest}\n` });
  expect(await tagsOf(`${to}-2`)).toBe("");
});
