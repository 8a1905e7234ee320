import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import type { FakeIoOptions } from "../testing/fake-io.ts";
import { type PushedImage, pushImage, pushIndex, serveHandler, type TestServer } from "../testing/registry.ts";
import { berth, type Ran } from "../testing/run-berth.ts";
import { useRegistry } from "../testing/use-registry.test-kit.ts";

let host: string;
let old: PushedImage;
let amd64: PushedImage;
let arm64: PushedImage;
let index: string;
/** What the server wants to see in `Authorization`, of requests to change something. */
let password: string | undefined;

const at = useRegistry({
  before: (request, response, next) => {
    const isReading = request.method === "GET" || request.method === "HEAD";
    if (isReading || password === undefined || request.headers.authorization === `Basic ${btoa(password)}`) next();
    else response.writeHead(401, { "WWW-Authenticate": 'Basic realm="test"' }).end();
  },
});

beforeAll(async () => {
  ({ host } = at.server);
  const repository = at.embedded.repository("team/app");
  old = await pushImage(repository, { tags: ["1.0", "1.1", "latest"], content: "old" });
  amd64 = await pushImage(repository, { tags: ["2.0"], content: "one" });
  arm64 = await pushImage(repository, { architecture: "arm64", content: "two" });
  const images = [["linux/amd64", amd64.manifest] as const, ["linux/arm64", arm64.manifest] as const];
  index = (await pushIndex(repository, "multi", images)).digest;
  await pushImage(repository, { subject: old.manifest, artifactType: "application/sig", content: "sig" });
  await pushImage(at.embedded.repository("team/tool"), { tags: ["v1"], content: "tool" });
});

let number = 0;
/** A place of each test's own. */
let other: string;
beforeEach(() => {
  other = `copy/n${++number}`;
  password = undefined;
});

async function sync(items: string, flags: readonly string[] = [], options: FakeIoOptions = {}): Promise<Ran> {
  const file = join(at.folder, `${number}.yml`);
  writeFileSync(file, items);
  at.server.journal.length = 0;
  return await berth(["sync", ...flags, file], { ...options, env: { DOCKER_CONFIG: at.folder, ...options.env } });
}

const item = (more: string = ""): string => `{source: ${host}/team/app, destination: ${host}/${other}${more === "" ? "" : `, ${more}`}}`;
const tagsOf = async (name: string): Promise<string> => (await berth(["ls", `${host}/${name}`])).stdout.replace(/\n/g, " ").trim();
const written = (): readonly string[] => at.server.journal.filter((line) => !/^(GET|HEAD) /.test(line));

test("tags of a repository are copied by version and pattern; run again, nothing is sent and each tag costs two small requests", async () => {
  const file = `sync:\n  - ${item('tags: {semver: ">=1.1", exclude: ["2*"]}, suffix: -mirror')}\n  - ${item("tags: {match: latest}")}\n`;
  const first = await sync(file, ["--format", "json"]);
  expect(first).toMatchObject({ code: 0, stderr: "" });
  const { digest, size } = old.manifest;
  expect(JSON.parse(first.stdout)).toMatchObject({
    tags: [
      { source: `${host}/team/app:1.1`, reference: `${host}/${other}:1.1-mirror`, tag: "1.1-mirror", digest, size, outcome: "tagged" },
      { source: `${host}/team/app:latest`, reference: `${host}/${other}:latest`, tag: "latest", digest, size, outcome: "tagged" },
    ],
    failures: [],
    stats: { mounted: 2 },
  });
  expect(await tagsOf(other)).toBe("1.1-mirror latest");
  expect(await sync(file)).toEqual({ code: 0, stdout: "", stderr: "0 tagged, 2 unchanged, 0 B moved\n" });
  const asked = at.server.journal.filter((line) => line.includes("/v2/") && !line.endsWith(" /v2/"));
  expect(asked.map((line) => line.slice(0, line.indexOf(" "))).toSorted((a, b) => a.localeCompare(b))).toEqual(
    "GET GET HEAD HEAD HEAD HEAD".split(" "),
  );
});

test("a registry as a whole: its repositories under their own names, or under the whole name of the source", async () => {
  const file = (more: string): string =>
    `sync: [{source: "${host}", repositories: {match: "team/*", exclude: "*/app"}, destination: ${host}/${other}${more}}]\n`;
  expect(await sync(file(""))).toMatchObject({ code: 0, stdout: expect.stringMatching(`^${host}/${other}/team/tool:v1@sha256:\\w+\n$`) });
  const scoped = `${host}/${other}/${host.replace(":", "-")}/team/tool`;
  expect(await sync(file(", scoped: true"))).toMatchObject({ code: 0, stdout: expect.stringContaining(`${scoped}:v1@sha256:`) });
});

test("--delete takes tags away that the source has no more: those that are meant, and that no other item brings", async () => {
  const mirror = `sync: [${item('tags: {exclude: ["2*"]}, suffix: -m')}, {source: ${host}/team/tool, destination: ${host}/${other}}]\n`;
  expect(await sync(mirror)).toMatchObject({ code: 0 });
  const before = await tagsOf(other);
  await berth(["tag", `${host}/${other}:v1`, "old-m", "2.9-m", "mine"]);
  expect(await sync(mirror, ["--delete"])).toMatchObject({ code: 2, stderr: expect.stringContaining("will not delete tags unasked") });
  const gone = `${host}/${other}:mine (deleted) (dry run)\n${host}/${other}:old-m (deleted) (dry run)\n`;
  const lines = (text: string): readonly string[] => text.split("\n").toSorted();
  const item1 = `sync: [${item('tags: {exclude: ["2*"]}, suffix: -m')}]\n`;
  expect(await sync(item1, ["--delete", "--dry-run"])).toMatchObject({
    code: 0,
    stdout: `${host}/${other}:old-m (deleted) (dry run)\n`,
    stderr: "0 to be tagged, 4 unchanged, 1 to be deleted\n",
  });
  expect(
    lines((await sync(mirror.replace("team/tool, ", "team/tool, tags: {match: [m*, v*]}, "), ["--delete", "--dry-run"])).stdout),
  ).toEqual(lines(gone));
  expect(written()).toEqual([]);
  const no = await sync(item1, ["--delete"], { typed: ["n"] });
  expect(no).toMatchObject({ code: 1, stderr: expect.stringContaining("nothing was deleted") });
  const yes = await sync(item1, ["--delete", "--force", "--format", "json"]);
  const { tags }: { readonly tags: readonly object[] } = JSON.parse(yes.stdout);
  expect(tags.at(-1)).toEqual({
    source: `${host}/team/app`,
    reference: `${host}/${other}:old-m`,
    tag: "old-m",
    outcome: "deleted",
  });
  expect((await tagsOf(other)).split(" ")).toEqual([...before.split(" "), "2.9-m", "mine"].toSorted());
});

test("where tags cannot be taken away alone, --delete takes manifests all of whose tags are stale, and no others", async () => {
  const older = await serveHandler((request, response) => {
    if (request.method !== "DELETE" || request.url?.includes("sha256:") === true) return at.embedded.handler(request, response);
    const body = JSON.stringify({ errors: [{ code: "DIGEST_INVALID", message: "no" }] });
    response.writeHead(400, { "content-type": "application/json" }).end(body);
  });
  onTestFinished(async () => await older.close());
  const place = `${older.host}/${other}`;
  const mirror = `sync: [{source: ${host}/team/app, destination: ${place}}]\n`;
  expect(await sync(mirror)).toMatchObject({ code: 0 });
  const before = await tagsOf(other);
  await pushImage(at.embedded.repository(other), { tags: ["gone", "gone-too"], content: "gone" });
  expect(await sync(mirror, ["--delete", "-f"])).toMatchObject({
    code: 0,
    stdout: `${place}:gone (deleted)\n${place}:gone-too (deleted)\n`,
    stderr: "0 tagged, 5 unchanged, 2 deleted, 0 B moved\n",
  });
  expect(await tagsOf(other)).toBe(before);
  await berth(["tag", `${host}/${other}:latest`, "also"]);
  expect(await sync(mirror, ["--delete", "-f"])).toMatchObject({ code: 1, stderr: expect.stringContaining("all of its tags") });
  expect((await tagsOf(other)).split(" ")).toEqual([...before.split(" "), "also"].toSorted());
});

test("--delete does not empty a repository because nothing was meant, and deletes nothing when something failed", async () => {
  const all = `sync: [${item()}]\n`;
  await sync(all);
  const before = await tagsOf(other);
  const empty = `sync: [{source: ${host}/team/app, destination: ${host}/${other}, tags: {match: ["9*"]}}]\n`;
  await berth(["tag", `${host}/${other}:2.0`, "9.0"]);
  expect(await sync(empty, ["--delete", "-f", "--dry-run"])).toMatchObject({ stdout: `${host}/${other}:9.0 (deleted) (dry run)\n` });
  for (const tag of before.split(" ")) await berth(["untag", `${host}/${other}:${tag}`]);
  expect(await sync(empty, ["--delete", "-f"])).toMatchObject({
    code: 5,
    stderr: expect.stringContaining(`will not delete every tag of "${host}/${other}"`),
  });
  const broken = `sync: [${item()}, {source: "${host}/team/none", destination: ${host}/${other}}]\n`;
  const failed = await sync(broken, ["--delete", "-f", "--keep-going"]);
  expect(failed).toMatchObject({
    code: 9,
    stderr: expect.stringContaining("warning: nothing was deleted: not everything could be synced"),
  });
  expect((await tagsOf(other)).split(" ")).toEqual([...before.split(" "), "9.0"].toSorted());
});

test("a dry run says what would be done, and writes nothing", async () => {
  const { code, stdout, stderr } = await sync(`sync: [${item("tags: {match: [latest, multi]}, existing: keep")}]\n`, ["--dry-run"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "2 to be tagged, 0 unchanged\n" });
  const tags = [`${host}/${other}:latest@${old.manifest.digest}`, `${host}/${other}:multi@${index}`];
  expect(stdout.split("\n").toSorted()).toEqual(["", ...tags.map((tag) => `${tag} (dry run)`)]);
  const byDigest = `sync: [{source: "${host}/team/app@${index}", destination: "${host}/${other}"}]\n`;
  expect((await sync(byDigest, ["--dry-run"])).stdout).toBe(`${host}/${other}@${index} (dry run)\n`);
  expect(written()).toEqual([]);
  expect((await sync(byDigest)).stdout).toBe(`${host}/${other}@${index}\n`);
  expect(await berth(["manifest", "head", `${host}/${other}@${index}`])).toMatchObject({ code: 0 });
});

test("the first failure is the end, unless the run keeps going: then all else is done, and the exit code is 9", async () => {
  const file = `sync: [{source: ${host}/team/gone:v1, destination: ${host}/${other}}, ${item("tags: {match: latest}")}]\n`;
  expect(await sync(file)).toMatchObject({ code: 4, stdout: "" });
  expect(written()).toEqual([]);
  const { code, stdout, stderr } = await sync(file, ["--keep-going"]);
  expect({ code, stdout }).toEqual({ code: 9, stdout: `${host}/${other}:latest@${old.manifest.digest}\n` });
  expect(stderr).toContain(`berth: warning: ${host}/team/gone:v1: `);
  expect(stderr).toContain("berth: 1 of 2 failed\n");
  const asJson = JSON.parse((await sync(file, ["--keep-going", "--format", "json"])).stdout);
  expect(asJson).toMatchObject({ failures: [{ source: `${host}/team/gone:v1`, class: "NotFound", status: 404 }], tags: [{}] });
});

test("tags that never change are not looked at again, tags that are taken are kept, or are a failure", async () => {
  await sync(`sync: [${item('tags: {match: ["1.*"]}')}]\n`);
  const again = await sync(`sync: [${item('tags: {match: ["1.*"]}, immutable: ["1.*"]')}]\n`);
  expect(again).toMatchObject({ code: 0, stdout: "", stderr: "0 tagged, 2 unchanged, 0 B moved\n" });
  expect(at.server.journal.filter((line) => line.includes("/manifests/"))).toEqual([]);
  const one = `sync: [{source: "${host}/team/app:1.0", destination: "${host}/${other}", immutable: "*"}]\n`;
  expect(await sync(one)).toMatchObject({ code: 0, stderr: "0 tagged, 1 unchanged, 0 B moved\n" });
  expect(at.server.journal.filter((line) => line.includes("/manifests/"))).toEqual([]);
  const taken = (existing: string): string =>
    `sync: [{source: "${host}/team/app:2.0", destination: "${host}/${other}:1.0", existing: ${existing}}]\n`;
  expect((await sync(taken("keep"))).stdout).toBe(`${host}/${other}:1.0@${old.manifest.digest} (kept)\n`);
  expect(await sync(taken("refuse"))).toMatchObject({ code: 5, stdout: "" });
});

test("some platforms, one platform, referrers; into a layout and out of it", async () => {
  const layout = `oci:${at.folder}/n${number}`;
  expect(await sync(`sync: [{source: "${host}/team/app:multi", destination: "${layout}:one", platform: linux/arm64}]\n`)).toMatchObject({
    code: 0,
    stdout: `${layout}:one@${arm64.manifest.digest}\n`,
  });
  const file = `defaults: {referrers: [application/sig]}\nsync:
  - {source: "${host}/team/app:1.0", destination: "${layout}"}
  - {source: "${host}/team/app:multi", destination: "${layout}", platforms: [linux/amd64]}\n`;
  expect(await sync(file)).toMatchObject({ code: 0 });
  expect((await berth(["referrers", "--format", "jsonpath=.referrers[*].artifactType", `${layout}:1.0`])).stdout).toBe("application/sig\n");
  expect(await berth(["manifest", "get", `${layout}@${amd64.manifest.digest}`])).toMatchObject({ code: 0 });
  expect(await sync(`sync: [{source: "${layout}", destination: "${host}/${other}", tags: {exclude: one}}]\n`)).toMatchObject({ code: 0 });
  expect(await tagsOf(other)).toBe("1.0 multi");
});

test("[engine/T36] a registry's password comes from a variable, and is in no output", async () => {
  password = "robot:s3cret";
  const file = `registries: {"${host}": {user: robot, passwordVariable: ROBOT}}\nsync: [${item("tags: {match: latest}")}]\n`;
  expect(await sync(file)).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining("variable ROBOT: it is not set") });
  const { code, stdout, stderr } = await sync(file, ["--debug"], { env: { ROBOT: "s3cret" } });
  expect(code).toBe(0);
  expect(stdout + stderr).not.toContain("s3cret");
  expect(stdout + stderr).not.toContain(btoa(password));
});

test("[engine/T4] mirrors that the file names give the images; which tags there are the registry itself says", async () => {
  const mirror = await serveHandler(at.embedded.handler);
  onTestFinished(() => mirror.close());
  const layout = `oci:${at.folder}/n${number}`;
  const file = `registries: {"${host}": {mirrors: ["${mirror.host}"]}}
sync: [{source: "${host}/team/app", destination: "${layout}", tags: {match: latest}}]\n`;
  expect(await sync(file)).toMatchObject({ code: 0, stdout: `${layout}:latest@${old.manifest.digest}\n` });
  const kinds = ({ journal }: TestServer): ReadonlySet<string> =>
    new Set(journal.flatMap((line) => /\/(tags|manifests|blobs)\//.exec(line)?.[1] ?? []));
  expect([kinds(at.server), kinds(mirror)]).toEqual([new Set(["tags"]), new Set(["manifests", "blobs"])]);
});

test("an item that means no repository, or no tag, is a warning", async () => {
  const warned = async (text: string, flags: readonly string[] = []): Promise<readonly string[]> => {
    const { code, stderr } = await sync(`sync: [${text}]\n`, flags);
    expect(code).toBe(0);
    return stderr.split("\n").filter((line) => line.startsWith("berth: warning: "));
  };
  const whole = (more: string): string => `{source: "${host}", destination: ${host}/${other}, ${more}}`;
  const noTag = `berth: warning: no tag of "${host}/team/app" matches: it brings nothing`;
  for (const flags of [[], ["--dry-run"], ["--format", "json"]]) {
    expect(await warned(item('tags: {match: ["3.*"]}'), flags)).toEqual([noTag]);
    expect(await warned(whole('repositories: {match: "taem/*"}'), flags)).toEqual([
      `berth: warning: no repository of "${host}" matches: it brings nothing`,
    ]);
  }
  expect(await warned(whole('repositories: {match: "team/*"}, tags: {match: typo}'))).toEqual([
    `berth: warning: no tag of "${host}" matches: it brings nothing`,
  ]);
  expect(await warned(whole('repositories: {match: "team/*"}, tags: {match: v1}'))).toEqual([]); // one of them has it
  expect(await warned(item('tags: {match: "1.0"}, immutable: "*"'))).toEqual([]);
  expect(await warned(item('tags: {match: "1.0"}, immutable: "*"'))).toEqual([]); // it is there, and not looked at again
});

test("every mistake in the file is named with its place", async () => {
  const { code, stdout, stderr } = await sync(`version: 2
registries: {r.test: {user: me}}
sync:
  - source: debian
    tags: {semver: one, match: ["1.*", "/(/"]}
  - {source: a, destination: b, platform: linux/arm64, platforms: linux/amd64, existing: maybe}
`);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  for (const part of [
    ":1:10: version: expected 1, got 2",
    ":2:22: registries.r.test: needs user and passwordVariable together",
    ':5:20: sync.0.tags.semver: expected a range such as >=1.2 <2, got "one"',
    ':5:32: sync.0.tags.match: cannot use pattern "/(/": Invalid regular expression: /(/u: Unterminated group',
    ":4:5: sync.0: needs source and destination",
    ":6:5: sync.1: has platform and platforms, expected one of them",
    ':6:90: sync.1.existing: expected one of overwrite, keep, refuse, got "maybe"',
  ]) {
    expect(stderr).toContain(part);
  }
  expect(stderr.trimEnd().split("\n")).toHaveLength(8); // one a line
});

test("a sync file that lists nothing, or is a folder, is told as that", async () => {
  expect(await sync("sync: []\n")).toMatchObject({
    code: 2,
    stdout: "",
    stderr: expect.stringContaining(":1:7: sync: expected a list of what is to be synced, got an empty list"),
  });
  expect(await berth(["sync", at.folder])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining(`cannot read "${at.folder}": it is a folder`),
  });
});

test.each([
  [`sync: [{source: debian:12, destination: a/b, tags: {match: x}}]`, "it names one image, and tags to choose from"],
  [`sync: [{source: debian, destination: "a/b:c"}]`, "all tags keep their names"],
  [`sync: [{source: debian, destination: "docker-archive:x"}]`, "the destination is a registry or a layout"],
  [`sync: [{source: debian, destination: "oci-archive:x"}]`, "the destination is a registry or a layout"],
  [`sync: [{source: debian, destination: b, repositories: {match: x}}]`, "repositories are of a registry as a whole"],
])("what cannot be is a mistake: %s", async (file, message) => {
  expect(await sync(file)).toMatchObject({ code: 2, stderr: expect.stringContaining(message) });
});
