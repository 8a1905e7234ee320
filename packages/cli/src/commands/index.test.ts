import { statSync } from "node:fs";
import { beforeEach, expect, test } from "vitest";
import { type PushedImage, pushImage, pushIndex } from "../testing/registry.ts";
import { berth } from "../testing/run-berth.ts";
import { useRegistry } from "../testing/use-registry.test-kit.ts";

const registry = useRegistry();
let amd64: PushedImage;
let arm64: PushedImage;
/** A repository with two images, an index `multi` of them, and a path, of each test's own. */
let app: string;
let path: string;
let multi: string;

beforeEach(async () => {
  ({ app, path } = registry);
  const repository = registry.repository;
  amd64 = await pushImage(repository, { tags: ["amd64"], content: "one" });
  arm64 = await pushImage(repository, { tags: ["arm64"], architecture: "arm64", content: "two" });
  const images = [["linux/amd64", amd64.manifest] as const, ["linux/arm64", arm64.manifest] as const];
  multi = (await pushIndex(repository, "multi", images)).digest;
});

const digestOf = async (place: string): Promise<string> => (await berth(["digest", place])).stdout.trim();

async function manifestOf(place: string): Promise<unknown> {
  return JSON.parse((await berth(["manifest", "get", place])).stdout);
}

const AMD64 = { platform: { os: "linux", architecture: "amd64" } };
const ARM64 = { platform: { os: "linux", architecture: "arm64" } };

test("create makes an index of tags of the same repository, with their platforms", async () => {
  const { code, stdout, stderr } = await berth(["index", "create", `${app}:v1`, "amd64", "arm64"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toBe(`${app}:v1@${await digestOf(`${app}:v1`)}\n`);
  expect(await manifestOf(`${app}:v1`)).toMatchObject({ mediaType: "application/vnd.oci.image.index.v1+json", manifests: [AMD64, ARM64] });
});

test("[engine/T32] create takes entries of layouts into a registry and of a registry into a layout; the digest is the same", async () => {
  await berth(["index", "create", `${app}:v1`, "amd64", "arm64"]);
  const create = ["index", "create", `oci:${path}:v1`, `${app}:amd64`, `${app}@${arm64.manifest.digest}`];
  expect(await berth(create)).toMatchObject({ code: 0, stderr: "" });
  const back = ["index", "create", `${app}/other:v1`, `oci:${path}@${amd64.manifest.digest}`, `oci:${path}@${arm64.manifest.digest}`];
  expect(await berth(back)).toMatchObject({ code: 0, stderr: "" });
  const digests = await Promise.all([`${app}:v1`, `oci:${path}:v1`, `${app}/other:v1`].map(digestOf));
  expect(new Set(digests).size).toBe(1);
  expect(await berth(["blob", "get", `${app}/other@${arm64.layer.digest}`])).toMatchObject({ stdout: "two" });
});

test("create annotates index and entries, names platforms, subject and artifact type, and tags it more than once", async () => {
  const says = ["--annotation", "a=b", "--entry-annotation", "c=d", "--subject", "amd64", "--artifact-type", "application/x"];
  const { stdout } = await berth(["index", "create", ...says, "--tag", "latest", "--format", "json", `${app}:v1`, "arm64=linux/riscv64"]);
  const digest = await digestOf(`${app}:v1`);
  expect(JSON.parse(stdout)).toMatchObject({
    reference: `${app}@${digest}`,
    mediaType: "application/vnd.oci.image.index.v1+json",
    digest,
    tags: [{ tag: "v1" }, { reference: `${app}:latest`, digest, outcome: "tagged" }],
  });
  expect(await manifestOf(`${app}:latest`)).toMatchObject({
    artifactType: "application/x",
    manifests: [{ digest: arm64.manifest.digest, annotations: { c: "d" }, platform: { os: "linux", architecture: "riscv64" } }],
    subject: { digest: amd64.manifest.digest },
    annotations: { a: "b" },
  });
});

test("create makes Docker's lists, and takes the entries of an index", async () => {
  await berth(["index", "create", "--as", "docker", "--flatten", `${app}:list`, "multi"]);
  expect(await manifestOf(`${app}:list`)).toMatchObject({
    mediaType: "application/vnd.docker.distribution.manifest.list.v2+json",
    manifests: [AMD64, ARM64],
  });
});

test("add puts an image in and moves the tag; from a layout it brings the image along", async () => {
  const riscv = await pushImage(registry.embedded.repository("other/riscv"), { tags: ["v1"], architecture: "riscv64", content: "three" });
  await berth(["cp", `${registry.server.host}/other/riscv:v1`, `oci:${path}:v1`]);
  expect(await berth(["index", "add", `${app}:multi`, `oci:${path}:v1`])).toMatchObject({ code: 0, stderr: "" });
  expect(await manifestOf(`${app}:multi`)).toMatchObject({ manifests: [AMD64, ARM64, { digest: riscv.manifest.digest }] });
  expect(await berth(["blob", "get", `${app}@${riscv.layer.digest}`])).toMatchObject({ stdout: "three" });
});

test("add with flags alone changes what the index says of itself, and takes it away again", async () => {
  await berth(["index", "add", "--annotation", "a=b", "--artifact-type", "application/x", "--subject", "amd64", `${app}:multi`]);
  expect(await manifestOf(`${app}:multi`)).toMatchObject({ artifactType: "application/x", annotations: { a: "b" }, subject: {} });
  await berth(["index", "add", "--rm-annotation", "a", "--no-artifact-type", "--no-subject", "--tag", "plain", `${app}:multi`]);
  expect(await manifestOf(`${app}:plain`)).not.toHaveProperty("annotations");
  expect(await manifestOf(`${app}:plain`)).not.toHaveProperty("subject");
  expect(await manifestOf(`${app}:multi`)).toHaveProperty("annotations");
});

test("rm takes entries out, by platform and by digest", async () => {
  await berth(["index", "rm", "--tag", "a", `${app}:multi`, "linux/arm64"]);
  await berth(["index", "rm", "--tag", "b", `${app}:multi`, arm64.manifest.digest]);
  expect(await manifestOf(`${app}:a`)).toMatchObject({ manifests: [AMD64] });
  expect(await digestOf(`${app}:b`)).toBe(await digestOf(`${app}:a`));
  expect(await digestOf(`${app}:multi`)).toBe(multi);
});

test("[engine/T33] filter leaves some platforms, in a layout as in a registry, and goes elsewhere", async () => {
  await berth(["cp", `${app}:multi`, `oci:${path}:multi`]);
  expect(await berth(["index", "filter", `oci:${path}:multi`, "linux/arm64"])).toMatchObject({ code: 0, stderr: "" });
  expect(await berth(["index", "filter", "-o", `${app}/small:v1`, `${app}:multi`, "linux/arm64"])).toMatchObject({ code: 0 });
  expect(await manifestOf(`${app}/small:v1`)).toMatchObject({ manifests: [ARM64] });
  expect(await digestOf(`oci:${path}:multi`)).toBe(await digestOf(`${app}/small:v1`));
  expect(await berth(["manifest", "get", `${app}/small@${amd64.manifest.digest}`])).toMatchObject({ code: 4 });
});

test.each([
  ["create", [], ["v1", "amd64"]],
  ["add", ["--annotation", "a=b"], ["multi"]],
  ["rm", [], ["multi", "linux/arm64"]],
  ["filter", [], ["multi", "linux/arm64"]],
])("a dry run of %s tells the digest, and writes nothing", async (verb, flags, [tag, ...rest]) => {
  const args = ["index", verb, ...flags, `${app}:${tag}`, ...rest];
  registry.server.journal.length = 0;
  const dry = await berth([...args, "--dry-run"]);
  expect(dry).toMatchObject({ code: 0, stderr: "" });
  expect(registry.server.journal.filter((line) => !/^(GET|HEAD) /.test(line))).toEqual([]);
  expect((await berth(args)).stdout).toBe(dry.stdout.replace(" (dry run)\n", "\n"));
});

test("a dry run of create makes no layout", async () => {
  expect(await berth(["index", "create", "--dry-run", `oci:${path}:v1`, `${app}:amd64`])).toMatchObject({ code: 0, stderr: "" });
  expect(() => statSync(path)).toThrow("ENOENT");
});

test.each([
  [["create", "APP:v1", "nope"], 4, "nope"],
  [["create", "APP:v1", "amd64=linux"], 2, "os/architecture"],
  [["create", "APP:v1", "--as", "docker", "--annotation", "a=b", "amd64"], 1, "Docker"],
  [["add", "APP:multi"], 2, "nothing to add"],
  [["add", "APP:amd64", "arm64"], 1, "index"],
  [["rm", "APP:multi", "linux/s390x"], 4, "linux/s390x"],
  [["rm", "APP:multi"], 2, "entry"],
  [["filter", "APP:multi", "plan9/mips"], 4, "plan9/mips"],
])("what cannot be is told: %j", async (args, code, message) => {
  const ran = await berth(["index", ...args.map((one) => one.replace("APP", app))]);
  expect(ran).toMatchObject({ code, stdout: "", stderr: expect.stringContaining(message) });
});

test("create with a tag that cannot be, or with no entry, leaves what the reference names", async () => {
  const before = await digestOf(`${app}:amd64`);
  const misread = await berth(["index", "create", "--tag", `${app}:both`, `${app}:amd64`, `${app}:arm64`]); // the order of other tools
  expect(misread).toMatchObject({ code: 2, stderr: expect.stringContaining(`--tag takes tags alone, not "${app}:both"`) });
  expect(await berth(["index", "create", "--tag", "not fine", `${app}:amd64`, `${app}:arm64`])).toMatchObject({ code: 2 });
  const empty = await berth(["index", "create", "--tag", "both", `${app}:amd64`]);
  expect(empty).toMatchObject({ code: 2, stderr: expect.stringContaining("an index of nothing: name its images") });
  expect(await digestOf(`${app}:amd64`)).toBe(before);
});
