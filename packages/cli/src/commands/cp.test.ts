import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, beforeEach, expect, test } from "vitest";
import { type PushedImage, pushImage, pushIndex, serveHandler } from "../testing/registry.ts";
import { berth } from "../testing/run-berth.ts";
import { useRegistry } from "../testing/use-registry.test-kit.ts";

// tests run several commands, and the first one loads all that they need
const at = useRegistry();
let app: string;
let amd64: PushedImage;
let arm64: PushedImage;
let index: string;
let number = 0;

beforeAll(async () => {
  app = `${at.server.host}/team/app`;
  const repository = at.embedded.repository("team/app");
  amd64 = await pushImage(repository, { tags: ["v1", "v2"], content: "one" });
  arm64 = await pushImage(repository, { architecture: "arm64", content: "two" });
  const images = [["linux/amd64", amd64.manifest] as const, ["linux/arm64", arm64.manifest] as const];
  index = (await pushIndex(repository, "multi", images)).digest;
  await pushImage(repository, { subject: amd64.manifest, artifactType: "application/sig", content: "sig" });
  await pushImage(repository, {
    subject: amd64.manifest,
    artifactType: "application/spdx+json",
    content: "sbom",
    annotations: { by: "me" },
  });
});

/** A repository, and a path, of each test's own. */
let other: string;
let path: string;
beforeEach(() => {
  other = `${at.server.host}/copy/n${++number}`;
  path = join(at.folder, `n${number}`);
});

const digestOf = async (place: string): Promise<string> => (await berth(["digest", place])).stdout.trim();

test("[engine/T32] from a registry into a layout and on into another repository the digest stays", async () => {
  expect(await berth(["cp", `${app}:multi`, `oci:${path}:v1`])).toEqual({ code: 0, stdout: `oci:${path}:v1@${index}\n`, stderr: "" });
  expect(await berth(["copy", `oci:${path}:v1`, other])).toEqual({ code: 0, stdout: `${other}:v1@${index}\n`, stderr: "" });
  expect(await digestOf(`${other}:v1`)).toBe(await digestOf(`${app}:multi`));
});

test("a tag that the source lacks is looked for where it should be, not where it should go", async () => {
  const { code, stderr } = await berth(["cp", `${app}:none`, `oci:${path}:v1`]);
  expect([code, stderr]).toEqual([4, expect.stringContaining(`berth ls ${app}\n`)]);
});

test("a copy with nothing to do sends two requests between registries, one when a layout is at either end", async () => {
  await berth(["cp", `${app}:multi`, `${other}:v1`]);
  await berth(["cp", `${app}:multi`, `oci:${path}:v1`]);
  for (const [from, to, requests] of [
    [`${app}:multi`, `${other}:v1`, 2],
    [`${app}:multi`, `oci:${path}:v1`, 1],
    [`oci:${path}:v1`, `${other}:v1`, 1],
  ] as const) {
    at.server.journal.length = 0;
    expect((await berth(["cp", from, to])).stdout).toContain("(unchanged)");
    expect(at.server.journal.map((line) => line.split(" ")[0])).toEqual(Array.from({ length: requests }, () => "HEAD"));
  }
});

test.each(["oci-archive", "docker-archive"])("an image goes through a file: %s", async (transport) => {
  const file = `${transport}:${path}.tar`;
  expect(await berth(["cp", "--platform", "linux/arm64", `${app}:multi`, file])).toMatchObject({ code: 0, stderr: "" });
  expect(await berth(["cp", file, `${other}:v1`])).toMatchObject({ code: 0 });
  const platform = (await berth(["inspect", "--format", "{{.platform}}", `${other}:v1`])).stdout;
  expect(platform).toBe("linux/arm64\n");
});

test("more tags, the result as JSON, the digest in a file", async () => {
  const { code, stdout } = await berth(["cp", "--format", "json", "--digest-file", path, `${app}:v1`, `${other}:a`, "b", "c"]);
  expect(code).toBe(0);
  const { digest, mediaType, size } = amd64.manifest;
  expect(JSON.parse(stdout)).toEqual({
    source: `${app}:v1`,
    reference: `${other}@${digest}`,
    mediaType,
    digest,
    size,
    tags: ["a", "b", "c"].map((tag) => ({ reference: `${other}:${tag}`, tag, digest, size, outcome: "tagged" })),
    stats: { copied: 1, mounted: 2, existing: 0, skipped: 0, bytes: size },
  });
  expect(readFileSync(path, "utf8")).toBe(`${digest}\n`);
});

test("all tags, those that match, those that are missing; a tag that is taken is exit code 5", async () => {
  const all = await berth(["cp", "--all-tags", app, other]);
  expect(all.stdout.split("\n").filter(Boolean)).toHaveLength(3);
  expect((await berth(["ls", other])).stdout).toBe("multi\nv1\nv2\n");
  expect((await berth(["cp", "--match", "v*", "--exclude", "v2", app, `oci:${path}`])).stdout).toBe(
    `oci:${path}:v1@${amd64.manifest.digest}\n`,
  );
  expect(await berth(["cp", "--no-clobber", `${app}:multi`, `${other}:v1`])).toMatchObject({ code: 5, stdout: "" });
  expect((await berth(["cp", "--only-missing", `${app}:multi`, `${other}:v1`])).stdout).toBe(
    `${other}:v1@${amd64.manifest.digest} (kept)\n`,
  );
  expect(await digestOf(`${other}:v1`)).toBe(amd64.manifest.digest);
});

test("of all tags one that cannot be copied does not hold up the others, unless they are to move together", async () => {
  const from = `${at.server.host}/broken/n${number}`;
  const repository = at.embedded.repository(`broken/n${number}`);
  for (const tag of ["a", "b", "d"]) await pushImage(repository, { tags: [tag], content: `of ${tag}` });
  const { layer } = await pushImage(repository, { tags: ["c"], content: "lost" });
  await repository.blobs.delete(layer);
  const { code, stdout, stderr } = await berth(["cp", "--all-tags", from, other]);
  expect({ code, lines: stdout.split("\n").map((line) => line.split("@")[0]) }).toEqual({
    code: 9,
    lines: [`${other}:a`, `${other}:b`, `${other}:d`, ""],
  });
  expect(stderr).toContain(`berth: warning: ${from}:c: `);
  expect(stderr).toContain(layer.digest);
  expect(stderr).toContain("berth: 1 of 4 failed\n");
  expect((await berth(["ls", other])).stdout).toBe("a\nb\nd\n");
  const told = await berth(["cp", "--match", "[cd]", "--format", "json", from, `oci:${path}`]);
  expect(JSON.parse(told.stdout)).toMatchObject({
    tags: [{ tag: "d" }],
    failures: [{ source: `${from}:c`, class: "NotFound", code: "BLOB_UNKNOWN" }],
  });
  expect(await berth(["cp", "--match", "c", from, `oci:${path}`])).toMatchObject({ code: 4, stdout: "" });
  const atomic = `${other}-atomic`;
  expect(await berth(["cp", "--all-tags", "--atomic", from, atomic])).toMatchObject({ code: 4, stdout: "" });
  expect((await berth(["ls", atomic])).stdout).toBe("");
});

test("of all tags those that are taken are told of, with --dry-run too, and the others are copied; when all are nothing is", async () => {
  await berth(["cp", `${app}:multi`, `${other}:v1`]);
  const taken = expect.stringMatching(/warning: \S+:v1: Cannot copy to tag "v1": it exists[^]*berth: 1 of 2 failed\n/);
  expect(await berth(["cp", "--match", "v*", "--no-clobber", "--dry-run", app, other])).toEqual({
    code: 9,
    stdout: `${other}:v2@${amd64.manifest.digest} (dry run)\n`,
    stderr: taken,
  });
  expect(await berth(["cp", "--match", "v*", "--no-clobber", app, other])).toMatchObject({ code: 9, stderr: taken });
  expect(await digestOf(`${other}:v2`)).toBe(amd64.manifest.digest);
  await berth(["cp", `${app}:multi`, `${other}:v2`]);
  expect(await berth(["cp", "--match", "v*", "--no-clobber", app, other])).toMatchObject({
    code: 9,
    stdout: "",
    stderr: expect.stringContaining("berth: 2 of 2 failed\n"),
  });
});

test("a copy of all tags ends at once when it fails for what the others need, too", async () => {
  const from = `oci:${path}`;
  await berth(["cp", "--match", "v*", app, from]);
  const refusing = await serveHandler((_, response) => response.writeHead(403).end());
  expect(await berth(["cp", "--all-tags", from, `${refusing.host}/a`])).toMatchObject({ code: 3, stdout: "" });
  await refusing.close();
});

test("some platforms of an index, its digest kept", async () => {
  expect(await berth(["cp", "--platforms", "linux/arm64", `${app}:multi`, `oci:${path}`])).toMatchObject({ code: 0, stderr: "" });
  expect(await digestOf(`oci:${path}:multi`)).toBe(index);
  expect(await berth(["manifest", "get", `oci:${path}@${arm64.manifest.digest}`])).toMatchObject({ code: 0 });
  expect(await berth(["manifest", "get", `oci:${path}@${amd64.manifest.digest}`])).toMatchObject({ code: 4 });
});

test("an index without its images, where a registry has them; what was stored is listed in a file", async () => {
  await berth(["cp", "--platforms", "linux/arm64", `${app}:multi`, `oci:${path}`]);
  expect(await berth(["cp", "--index-only", "--refs-file", `${path}.txt`, `${app}:multi`, `oci:${path}:index`])).toMatchObject({ code: 0 });
  expect(await berth(["manifest", "get", `oci:${path}@${amd64.manifest.digest}`])).toMatchObject({ code: 4 });
  expect(readFileSync(`${path}.txt`, "utf8")).toBe(`oci:${path}:index@${index}\n`);
  expect(await berth(["cp", "--refs-file", `${path}.txt`, "--match", "v*", app, other])).toMatchObject({ code: 0 });
  expect(readFileSync(`${path}.txt`, "utf8")).toBe(["v1", "v2"].map((tag) => `${other}:${tag}@${amd64.manifest.digest}\n`).join(""));
});

test("referrers, all or of a type", async () => {
  await berth(["cp", "--referrers", `${app}:v1`, `oci:${path}:all`]);
  await berth(["cp", "--referrers=application/sig", `${app}:v1`, `${other}:v1`]);
  const types = async (place: string): Promise<string> =>
    (await berth(["referrers", "--format", "jsonpath=.referrers[*].artifactType", place])).stdout;
  expect((await types(`oci:${path}:all`)).split("\n").toSorted()).toEqual(["", "application/sig", "application/spdx+json"]);
  expect(await types(`${other}:v1`)).toBe("application/sig\n");
  await berth(["cp", "--referrer-annotation", "by=me", `${app}:v1`, `oci:${path}2:some`]);
  expect(await types(`oci:${path}2:some`)).toBe("application/spdx+json\n");
  await berth(["cp", "--referrer-annotation", "by", `${app}:v1`, `oci:${path}3:x`]);
  expect(await types(`oci:${path}3:x`)).toBe("application/spdx+json\n");
  await berth(["cp", "--referrer-annotation", "by=you", `${app}:v1`, `oci:${path}4:x`]);
  expect(await types(`oci:${path}4:x`)).toBe("");
  await berth(["cp", "--referrer-type", "application/sig", "--referrer-annotation", "by", `${app}:v1`, `oci:${path}5:x`]);
  expect(await types(`oci:${path}5:x`)).toBe("");
  expect(await berth(["cp", "--referrer-annotation", "=me", `${app}:v1`, `oci:${path}6:x`])).toMatchObject({ code: 2 });
});

test("a dry run writes nothing", async () => {
  await berth(["cp", `${app}:v1`, `${other}:v1`]);
  at.server.journal.length = 0;
  expect((await berth(["cp", "--dry-run", `${app}:multi`, `${other}:v1`, "v9"])).stdout).toBe(
    `${other}:v1@${index} (dry run)\n${other}:v9@${index} (dry run)\n`,
  );
  expect((await berth(["cp", "--dry-run", `${app}:v1`, `${other}:v1`])).stdout).toContain("(unchanged)");
  expect(await berth(["cp", "--dry-run", "--all-tags", app, `oci:${path}`])).toMatchObject({ code: 0 });
  expect(at.server.journal.filter((line) => !/^(GET|HEAD) /.test(line))).toEqual([]);
  expect(() => statSync(path)).toThrow("ENOENT");
});

test("[engine/T30] --progress json writes JSON lines whose last one is the result, and no piece goes back", async () => {
  const { code, stdout, stderr } = await berth(["cp", "--progress", "json", `${app}:multi`, `oci:${path}:v1`]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const lines = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { readonly type: string; readonly id: string; readonly current: number });
  expect(lines.map(({ type }) => type).lastIndexOf("progress")).toBe(lines.length - 2);
  expect(lines.at(-1)).toMatchObject({ type: "result", digest: index });
  const reached = new Map<string, number>();
  for (const { id, current } of lines.slice(0, -1)) {
    expect(current).toBeGreaterThanOrEqual(reached.get(id) ?? 0);
    reached.set(id, current);
  }
  expect(reached.size).toBeGreaterThanOrEqual(7);
});

test.each([
  [["--platform", "linux/amd64", "--platforms", "linux/amd64"], "cannot use --platform with --platforms"],
  [["--index-only", "--platform", "linux/amd64"], "cannot use --index-only with --platform"],
  [["--no-clobber", "--only-missing"], "cannot use --no-clobber with --only-missing"],
  [["--all-tags", "--digest-file", "x"], "cannot use --digest-file with all tags"],
])("flags that say different things are a mistake: %j", async (flags, message) => {
  expect(await berth(["cp", ...flags, app, other])).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining(message) });
});

test("what is not there is exit code 4, and leaves nothing of an archive", async () => {
  expect(await berth(["cp", `${app}:nope`, `oci-archive:${path}`])).toMatchObject({ code: 4, stdout: "" });
  expect(() => statSync(path)).toThrow("ENOENT");
});

test("tags that a layout cannot have are refused before there is a layout", async () => {
  expect(await berth(["cp", `${app}:v1`, `oci:${path}:v1`, "not fine"])).toMatchObject({ code: 2, stdout: "" });
  expect(statSync(path, { throwIfNoEntry: false })).toBeUndefined();
});

test("a further tag may be a whole reference within the repository, and is told as a tag", async () => {
  const { code, stdout } = await berth(["cp", "--format", "jsonpath=.tags[*].tag", `${app}:v1`, `${other}:a`, `${other}:b`, "b"]);
  expect({ code, stdout }).toEqual({ code: 0, stdout: "a\nb\n" });
  expect(await berth(["cp", `${app}:v1`, `${other}:a`, `${app}:c`])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("expected a reference within"),
  });
});
