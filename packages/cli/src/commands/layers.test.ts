import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tarFolder } from "@berth/transfer";
import { beforeAll, beforeEach, expect, test } from "vitest";
import { pushImage, pushIndex } from "../testing/registry.ts";
import { berth } from "../testing/run-berth.ts";
import { useRegistry } from "../testing/use-registry.test-kit.ts";

const registry = useRegistry();
/** Files for layers. */
let etc: string;
let site: string;
/** A repository with an image `base`, and a path, of each test's own. */
let app: string;
let path: string;
/** Digest of that image. */
let base: string;

beforeAll(async () => {
  etc = join(registry.folder, "etc");
  site = join(registry.folder, "site");
  for (const [where, content] of [
    [etc, "base"],
    [site, "site"],
  ] as const) {
    mkdirSync(where);
    writeFileSync(join(where, "file"), content);
  }
});

beforeEach(async () => {
  ({ app, path } = registry);
  const archive = Buffer.concat(await Array.fromAsync(tarFolder([{ path: etc, name: "etc" }])));
  const { manifest } = await pushImage(registry.repository, { tags: ["base"], content: archive.toString("latin1") });
  base = manifest.digest;
  await pushIndex(registry.repository, "multi", [["linux/amd64", manifest]]);
});

const digestOf = async (place: string): Promise<string> => (await berth(["digest", place])).stdout.trim();

async function inspect(place: string): Promise<unknown> {
  return JSON.parse((await berth(["inspect", "--format", "json", place])).stdout);
}

test("append puts a folder on top of an image, and the same files make the same digest", async () => {
  const append = ["append", "-f", site, "--at", "/srv/www", `${app}:base`];
  const { code, stderr } = await berth([...append, "--tag", "v1"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(await inspect(`${app}:v1`)).toMatchObject({ layers: [{}, { mediaType: "application/vnd.oci.image.layer.v1.tar+gzip" }] });
  expect((await berth([...append, "--format", "jsonpath=.digest"])).stdout.trim()).toBe(await digestOf(`${app}:v1`));
  expect((await berth(["cat", `${app}:v1`, "srv/www/file"])).stdout).toBe("site");
});

test("append takes archives from files and standard input, several at once, and every image of an index", async () => {
  const archive = Buffer.concat(await Array.fromAsync(tarFolder([{ path: site, name: "srv" }])));
  writeFileSync(`${path}.tar`, archive);
  const flags = ["--compression", "zstd", "--format", "jsonpath=.digest", `${app}:multi`];
  const ofFile = await berth(["append", "-f", `${path}.tar`, ...flags]);
  expect(ofFile).toMatchObject({ code: 0, stderr: "" });
  expect(await berth(["append", "-f", "-", ...flags], { stdin: archive })).toEqual(ofFile);
  expect(await berth(["append", "-f", `${path}.tar`, "-f", etc, "--replace", `${app}:multi`])).toMatchObject({ code: 0 });
  expect(await inspect(`${app}@${(await berth(["digest", "--platform", "linux/amd64", `${app}:multi`])).stdout.trim()}`)).toMatchObject({
    layers: [{}, {}, {}],
  });
});

test("a layer that is made is shown as it goes up, and a registry that has it gets nothing", async () => {
  mkdirSync(path);
  writeFileSync(join(path, "large"), randomBytes(200_000));
  const append = ["append", "-f", path, "--compression", "none", "--progress", "json", "--limit-rate", "100M", `${app}:base`];
  const eventsOf = async (): Promise<readonly { readonly action: string; readonly current: number; readonly total: number }[]> => {
    const { code, stdout, stderr } = await berth(append);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    return stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
  };
  const large = (await eventsOf()).filter(({ total }) => total > 200_000);
  expect(large.map(({ action }) => action)).toContain("uploading");
  expect(large.at(-1)).toMatchObject({ action: "done", current: large[0]?.total });
  expect((await eventsOf()).map(({ action }) => action)).not.toContain("uploading");
});

test("append honours SOURCE_DATE_EPOCH, and refuses what is no archive", async () => {
  const env = { SOURCE_DATE_EPOCH: "1700000000" };
  await berth(["append", "-f", site, "--created-by", "make site", "--tag", "v1", `${app}:base`], { env });
  expect(await inspect(`${app}:v1`)).toMatchObject({ created: "2023-11-14T22:13:20Z" });
  writeFileSync(path, "no archive at all".repeat(100));
  expect(await berth(["append", "-f", path, `${app}:base`])).toMatchObject({ code: 6, stdout: "" });
  writeFileSync(path, "{}");
  expect(await berth(["append", "-f", path, `${app}:base`])).toMatchObject({
    code: 6,
    stderr: expect.stringContaining("it is no tar archive"),
  });
  expect(await berth(["append", `${app}:base`])).toMatchObject({ code: 2, stdout: "" });
});

test("append refuses --at where something that is no folder is given: its paths would stay as they are", async () => {
  writeFileSync(`${path}.tar`, Buffer.concat(await Array.fromAsync(tarFolder([{ path: site, name: "srv" }]))));
  for (const [files, name] of [
    [["-f", `${path}.tar`], `${path}.tar`],
    [["-f", site, "-f", `${path}.tar`], `${path}.tar`],
    [["-f", "-"], "-"],
  ] as const) {
    const { code, stdout, stderr } = await berth(["append", ...files, "--at", "/opt", "--replace", `${app}:base`], { stdin: "" });
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(`cannot use --at with "${name}": it is no folder, and paths in an archive stay as they are`);
  }
  expect(await digestOf(`${app}:base`)).toBe(base);
});

test("rebase moves the upper layers to another base, and annotates the result with it", async () => {
  await berth(["append", "-f", site, "--tag", "v1", `${app}:base`]);
  await berth(["mutate", "--label", "fixed=yes", "--tag", "base2", `${app}:base`]);
  const rebase = ["rebase", "--old-base", `${app}:base`, "--new-base", `${app}:base2`, `${app}:v1`];
  expect(await berth([...rebase, "--tag", "v2"])).toMatchObject({ code: 0, stderr: "" });
  const digest = await digestOf(`${app}:base2`);
  expect(await inspect(`${app}:v2`)).toMatchObject({
    annotations: { "org.opencontainers.image.base.name": `${app}:base2`, "org.opencontainers.image.base.digest": digest },
    layers: [{}, {}],
  });
});

test("rebase goes to what the annotations of an image name now", async () => {
  const annotations = [`name=${app}:base`, `digest=${base}`].flatMap((text) => ["--annotation", `org.opencontainers.image.base.${text}`]);
  await berth(["append", "-f", site, "--tag", "v1", `${app}:base`]);
  await berth(["mutate", ...annotations, "--replace", `${app}:v1`]);
  await berth(["append", "-f", etc, "--replace", `${app}:base`]);
  expect(await berth(["rebase", "--replace", `${app}:v1`])).toMatchObject({ code: 0, stderr: "" });
  expect(await inspect(`${app}:v1`)).toMatchObject({ layers: [{}, {}, {}] });
});

test("rebase refuses an image that stands on something else, one that says nothing, and an index", async () => {
  await berth(["append", "-f", site, "--tag", "v1", `${app}:base`]);
  expect(await berth(["rebase", `${app}:v1`])).toMatchObject({ code: 2, stderr: expect.stringContaining("--new-base") });
  expect(await berth(["rebase", "--old-base", `${app}:v1`, "--new-base", `${app}:base`, `${app}:base`])).toMatchObject({
    code: 5,
    stdout: "",
  });
  const index = ["rebase", "--old-base", `${app}:base`, "--new-base", `${app}:base`, `${app}:multi`];
  expect(await berth(index)).toMatchObject({ code: 1, stderr: expect.stringContaining("--platform") });
});

test("flatten makes one layer; export gives the same files", async () => {
  await berth(["append", "-f", site, "--at", "srv", "--tag", "v1", `${app}:base`]);
  expect(await berth(["flatten", "--tag", "flat", `${app}:v1`])).toMatchObject({ code: 0, stderr: "" });
  expect(await inspect(`${app}:flat`)).toMatchObject({ layers: [{}] });
  expect((await berth(["cat", `${app}:flat`, "etc/file"])).stdout).toBe("base");
  expect((await berth(["cat", `${app}:flat`, "srv/file"])).stdout).toBe("site");
});

test("[engine/T32] convert goes to Docker's types and back, in a registry as in a layout", async () => {
  await berth(["append", "-f", site, "--replace", `${app}:base`]);
  const original = await digestOf(`${app}:base`);
  expect(await berth(["convert", "--to", "docker", "--tag", "docker", `${app}:base`])).toMatchObject({ code: 0, stderr: "" });
  expect(await inspect(`${app}:docker`)).toMatchObject({ mediaType: "application/vnd.docker.distribution.manifest.v2+json" });
  expect(await berth(["convert", "--to", "oci", "-o", `oci:${path}:back`, `${app}:docker`])).toMatchObject({ code: 0, stderr: "" });
  expect(await digestOf(`oci:${path}:back`)).toBe(original);
  const unchanged = await berth(["convert", "--to", "oci", "--replace", `oci:${path}:back`]);
  expect(unchanged.stdout).toBe(`oci:${path}:back@${original} (unchanged)\n`);
});

test("zstd in an image of Docker's, which others cannot read, is warned of; in one of OCI it is not", async () => {
  await berth(["recompress", "--to", "zstd", "--tag", "zstd", `${app}:multi`]);
  await berth(["convert", "--to", "docker", "--tag", "docker", `${app}:multi`]);
  const warning =
    "berth: warning: an image in the form of Docker's has layers with zstd, which other tools may not read there: berth convert --to oci gives it that of OCI\n";
  for (const [args, stderr] of [
    [["recompress", "--to", "zstd", `${app}:docker`], warning],
    [["recompress", "--to", "zstd", "--dry-run", `${app}:docker`], warning],
    [["recompress", "--to", "gzip", `${app}:docker`], ""],
    [["append", "-f", site, "--compression", "zstd", `${app}:docker`], warning],
    [["append", "-f", site, "--compression", "zstd", `${app}:base`], ""],
    [["convert", "--to", "docker", `${app}:zstd`], warning],
    [["convert", "--to", "docker", `${app}:multi`], ""],
  ] as const)
    expect(await berth(args)).toMatchObject({ code: 0, stderr });
});

test("recompress changes layers and leaves what they hold", async () => {
  await berth(["append", "-f", site, "--tag", "v1", `${app}:base`]);
  const before = await inspect(`${app}:v1`);
  expect(await berth(["recompress", "--to", "zstd", "--tag", "zstd", `${app}:v1`])).toMatchObject({ code: 0, stderr: "" });
  expect(await inspect(`${app}:zstd`)).toMatchObject({ layers: [{}, { mediaType: "application/vnd.oci.image.layer.v1.tar+zstd" }] });
  expect((await berth(["config", "get", `${app}:zstd`])).stdout).toBe((await berth(["config", "get", `${app}:v1`])).stdout);
  await berth(["recompress", "--to", "gzip", "--tag", "gzip", `${app}:zstd`]);
  expect(await inspect(`${app}:gzip`)).toHaveProperty("config", Object(before).config);
});

test.each([
  [["append", "-f", "."]],
  [["append", "-f", ".", "-f", "."]],
  [["flatten"]],
  [["convert", "--to", "docker"]],
  [["recompress", "--to", "zstd"]],
])("a dry run of %j tells the digest, and writes nothing", async (command) => {
  const args = command.map((one) => (one === "." ? site : one));
  registry.server.journal.length = 0;
  const dry = await berth([...args, "--dry-run", "--tag", "new", `${app}:base`]);
  expect(dry).toMatchObject({ code: 0, stderr: "" });
  expect(registry.server.journal.filter((line) => !/^(GET|HEAD) /.test(line))).toEqual([]);
  expect((await berth([...args, "--tag", "new", `${app}:base`])).stdout).toBe(dry.stdout.replace(" (dry run)\n", "\n"));
});

test.each([
  "append",
  "cat",
  "convert",
  "cp",
  "digest",
  "export",
  "flatten",
  "fsck",
  "inspect",
  "load",
  "ls",
  "ls-files",
  "mutate",
  "pull",
  "push",
  "rebase",
  "recompress",
  "referrers",
  "save",
  "sync",
  "blob get",
  "blob head",
  "config get",
  "index add",
  "index create",
  "index filter",
  "index rm",
  "manifest diff",
  "manifest get",
  "manifest head",
])("%s unpacks layers and archives as far as it is told", async (name) => {
  const words = name.split(" ");
  expect(await berth([...words, "--help"])).toMatchObject({ stdout: expect.stringContaining("--max-ratio <number>") });
  const { code, stderr } = await berth([...words, "--max-ratio", "0"]);
  expect([code, stderr]).toEqual([2, expect.stringContaining("expected a whole number from 1")]);
});

test("what could not be meant is refused: standard input twice, a platform that the index has not, a tag to move where none is named", async () => {
  for (const [args, expected, said] of [
    [["append", "-f", "-", "-f", "-", `${app}:base`], 2, "standard input can be one layer only"],
    [["append", "-f", site, "--platforms", "linux/s390x", `${app}:multi`], 4, "Cannot find image for linux/s390x"],
    [["mutate", "--label", "a=b", "--platforms", "linux/amd64,linux/s390x", `${app}:multi`], 4, "Cannot find image for linux/s390x"],
    [["fsck", "--fast", "--digests", `${app}:base`], 2, "cannot use --fast with --digests"],
    [["load", "--registry", "x.test", `${path}.tar`, app], 2, "cannot use --registry with a destination"],
    [["append", "-f", site, "--replace", `${app}@${base}`], 2, "--replace moves the tag of the image"],
    [["append", "-f", site, "--replace", `${app}:base@${base}`], 2, "--replace moves the tag of the image"],
  ] as const)
    expect(await berth(args)).toMatchObject({ code: expected, stdout: "", stderr: expect.stringContaining(said) });
});
