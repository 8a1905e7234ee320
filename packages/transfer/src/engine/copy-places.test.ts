import { readdir, writeFile } from "node:fs/promises";
import { MEDIA_TYPES } from "@berth/oci";
import { digestOf } from "@berth/oci/node";
import { blobFixture, imageManifest, type ImageGraph, Random, randomImage, randomIndex } from "@berth/testkit/images";
import { temporaryFolder } from "@berth/testkit/temporary-folder";
import { expect, test } from "vitest";
import { imageOf, startFake } from "../copy/copy.test-kit.ts";
import { engineError, engineWith } from "./engine.test-kit.ts";
import type { EngineCopyOptions } from "./options.ts";

const amd64 = { os: "linux", architecture: "amd64" };
const arm64 = { os: "linux", architecture: "arm64" };

test("[engine/T32] by way of a layout and of archives an index stays what it is", async () => {
  const [from, to, path] = [await startFake(), await startFake(), await temporaryFolder("copy")];
  const index = randomIndex(new Random(1), [amd64, arm64]);
  from.put("a", index, "v1");
  const engine = engineWith();
  const places = [`${from.host}/a:v1`, `oci:${path}/layout:v1`, `oci-archive:${path}/a.tar:v1`, `${to.host}/b:v1`];
  for (const [at, place] of places.slice(1).entries()) await engine.copy(places[at] ?? "", place);
  const digests = await Promise.all(places.map(async (place) => (await engine.resolve(place)).digest));
  expect(new Set(digests)).toEqual(new Set([index.manifest.digest]));
  expect(await Promise.all(places.map(async (place) => await engine.tags(place)))).toEqual([["v1"], ["v1"], ["v1"], ["v1"]]);
  expect(to.manifests.get(`b ${index.manifest.digest}`)?.bytes).toEqual(index.manifest.bytes);
});

test("[engine/T32] a docker archive takes the image for this machine, and gives it back", async () => {
  const [registry, path] = [await startFake(), await temporaryFolder("copy")];
  const index = randomIndex(new Random(2), [arm64, amd64]);
  registry.put("a", index, "v1");
  const engine = engineWith({ platform: amd64 });
  const archive = `docker-archive:${path}/a.tar`;
  const copied = await engine.copy(`${registry.host}/a:v1`, archive);
  expect(copied.descriptor?.digest).toBe(index.children[1]?.manifest.digest);
  expect(await engine.tags(archive)).toEqual([`${registry.host}/a:v1`]);
  const back = await engine.copy(archive, `${registry.host}/b:v1`);
  expect(registry.tags.get("b v1")).toBe(back.descriptor?.digest);
});

test("out of a docker archive push and copy bring the same to a registry, compressed, and OCI's form into a layout", async () => {
  const [registry, path] = [await startFake(), await temporaryFolder("copy")];
  registry.put("a", randomImage(new Random(4)), "v1");
  const engine = engineWith();
  const archive = `docker-archive:${path}/a.tar`;
  await engine.copy(`${registry.host}/a:v1`, `${archive}:app:v1`);
  const copied = await engine.copy(archive, `${registry.host}/b:v1`);
  expect(copied.descriptor?.mediaType).toBe(MEDIA_TYPES.dockerManifest);
  expect(await engine.push(`${registry.host}/c:v1`, { from: archive })).toMatchObject([{ digest: copied.descriptor?.digest }]);
  const { layers } = JSON.parse(registry.manifests.get(`b ${copied.descriptor?.digest}`)?.bytes.toString() ?? "") as {
    layers: { mediaType: string }[];
  };
  expect(new Set(layers.map(({ mediaType }) => mediaType))).toEqual(new Set([MEDIA_TYPES.dockerLayerGzip]));
  const inLayout = await engine.copy(archive, `oci:${path}/layout:v1`, { compression: "zstd", level: 1 });
  expect(inLayout.descriptor?.mediaType).toBe(MEDIA_TYPES.ociManifest);
  const pushed = await engine.push(`${registry.host}/d:v1`, { from: archive, compression: "none" });
  expect(pushed[0]?.digest).toBe((await engine.resolve(archive)).digest);
});

test("one platform of an index is copied as the image that it is", async () => {
  const registry = await startFake();
  const index = randomIndex(new Random(3), [amd64, arm64]);
  registry.put("a", index, "v1");
  const copied = await engineWith().copy(`${registry.host}/a:v1`, `${registry.host}/b:v1`, { platform: arm64, tags: ["latest"] });
  expect(copied.descriptor?.digest).toBe(index.children[1]?.manifest.digest);
  expect(copied.tags.map(({ reference }) => reference)).toEqual([`${registry.host}/b:v1`, `${registry.host}/b:latest`]);
  expect([registry.tags.get("b v1"), registry.tags.get("b latest")]).toEqual([copied.descriptor?.digest, copied.descriptor?.digest]);
  expect(registry.manifests.has(`b ${index.manifest.digest}`)).toBe(false);
});

test("all tags, or those that match, go under their own names", async () => {
  const [registry, path] = [await startFake(), await temporaryFolder("copy")];
  for (const tag of ["v1", "v2", "dev"]) registry.put("a", imageOf(1), tag);
  const engine = engineWith();
  await engine.copy(`${registry.host}/a`, `oci:${path}/layout`, { allTags: true, match: (tag) => tag.startsWith("v") });
  expect(await engine.tags(`oci:${path}/layout`)).toEqual(["v1", "v2"]);
  const back = await engine.copy(`oci:${path}/layout`, `${registry.host}/c`, { allTags: true });
  expect(back).toMatchObject({ descriptor: undefined, endpoint: undefined, tags: [{ tag: "v1" }, { tag: "v2" }] });
});

test("all tags keep their names: a place that names one is refused, as is a platform, and nothing is asked or made", async () => {
  const [registry, path] = [await startFake(), await temporaryFolder("copy")];
  registry.put("a", imageOf(1), "v1");
  const copyAll = async (from: string, to: string, more: EngineCopyOptions = {}): Promise<unknown> =>
    await engineError(engineWith().copy(from, to, { allTags: true, ...more }));
  const refused = (place: string, which: string): object => ({
    class: "InvalidInput",
    code: "ERR_INVALID_LOCATION",
    message: `Cannot use "${place}": with all tags each keeps its name: leave the tag of the ${which} away`,
  });
  const from = `${registry.host}/a`;
  const { digest } = imageOf(1).manifest;
  for (const to of [`${registry.host}/b:v1`, `${registry.host}/b@${digest}`, `oci:${path}/layout:v1`, `oci-archive:${path}/a.tar:v1`])
    expect(await copyAll(from, to)).toMatchObject(refused(to, "destination"));
  const to = `oci:${path}/layout`;
  expect(await copyAll(from, to, { tags: ["v1"] })).toMatchObject(refused(to, "destination"));
  for (const one of [`${from}:v1`, `${from}@${digest}`]) expect(await copyAll(one, to)).toMatchObject(refused(one, "source"));
  expect(await copyAll(from, to, { platform: arm64 })).toMatchObject({
    class: "Unsupported",
    message: "Cannot copy all tags for one platform: name it with `platforms`",
  });
  expect(registry.journal).toEqual([]);
  expect(await readdir(path)).toEqual([]);
});

test("limits hold for the archive that is copied from", async () => {
  const [registry, path] = [await startFake(), await temporaryFolder("copy")];
  registry.put("a", imageOf(3), "v1");
  const archive = `oci-archive:${path}/a.tar`;
  await engineWith().copy(`${registry.host}/a:v1`, `${archive}:v1`);
  const failing = engineWith().copy(`${archive}:v1`, `${registry.host}/b:v1`, { limits: { maxEntries: 2 } });
  expect(await engineError(failing)).toMatchObject({ code: "ERR_LIMIT_EXCEEDED" });
  expect(registry.tags.has("b v1")).toBe(false);
});

test("a destination without a tag gets that of the source, and a digest gives none", async () => {
  const registry = await startFake();
  const image = imageOf(1);
  registry.put("a", image, "v7");
  const engine = engineWith();
  await engine.copy(`${registry.host}/a:v7`, `${registry.host}/b`);
  expect(registry.tags.get("b v7")).toBe(image.manifest.digest);
  await engine.copy(`${registry.host}/a@${image.manifest.digest}`, `${registry.host}/c@${image.manifest.digest}`);
  expect(registry.manifests.has(`c ${image.manifest.digest}`)).toBe(true);
  const other = engine.copy(`${registry.host}/a:v7`, `${registry.host}/c@${digestOf("other")}`);
  expect(await engineError(other)).toMatchObject({ class: "InvalidInput" });
});

/** An image with a layer that nobody has. */
function withForeign(): ImageGraph {
  const config = blobFixture(MEDIA_TYPES.dockerConfig, Buffer.from("{}"));
  const layer = { mediaType: MEDIA_TYPES.dockerForeignLayerGzip, digest: digestOf("gone"), size: 4, urls: ["https://127.0.0.1:1/layer"] };
  return {
    manifest: imageManifest({ mediaType: MEDIA_TYPES.dockerManifest, config: config.descriptor, layers: [layer] }),
    blobs: [config],
    children: [],
  };
}

test("[engine/T27] a layer that no registry has stays where it is; wanted all the same, the error says that", async () => {
  const [from, to] = [await startFake(), await startFake()];
  const image = withForeign();
  from.put("a", image, "v1");
  const engine = engineWith();
  const copied = await engine.copy(`${from.host}/a:v1`, `${to.host}/b:v1`);
  expect(copied.stats).toMatchObject({ skipped: 1 });
  expect(to.manifests.get(`b ${image.manifest.digest}`)?.bytes).toEqual(image.manifest.bytes);
  const error = await engineError(engine.copy(`${from.host}/a:v1`, `${to.host}/c:v1`, { external: true }));
  expect(error).toMatchObject({ class: "NotFound", code: "ERR_EXTERNAL_LAYER" });
  expect(error.message).toContain("external layer");
});

test("a copy that fails leaves no archive, and a layout without the tag", async () => {
  const [registry, path] = [await startFake(), await temporaryFolder("copy")];
  const image = imageOf(2);
  registry.put("a", image, "v1");
  registry.blobs.delete(`a ${image.blobs[1]?.descriptor.digest}`);
  const engine = engineWith();
  expect(await engineError(engine.copy(`${registry.host}/a:v1`, `oci-archive:${path}/a.tar`))).toMatchObject({ class: "NotFound" });
  expect(await readdir(path)).toEqual([]);
  expect(await engineError(engine.copy(`${registry.host}/a:v1`, `oci:${path}/layout`))).toMatchObject({ class: "NotFound" });
  expect(await engine.tags(`oci:${path}/layout`)).toEqual([]);
});

test("places that cannot be read say so", async () => {
  const path = await temporaryFolder("copy");
  const engine = engineWith();
  expect(await engineError(engine.tags(`oci:${path}/none`))).toMatchObject({ class: "NotFound" });
  expect(await engineError(engine.copy(`oci-archive:${path}/none.tar`, `oci:${path}/x`))).toMatchObject({ class: "NotFound" });
  expect(await engineError(engine.resolve(`docker-archive:${path}/none.tar`))).toMatchObject({ class: "NotFound" });
});

test("[engine/T23] a copy within a registry mounts what it can", async () => {
  const registry = await startFake();
  registry.put("a", randomImage(new Random(4)), "v1");
  await engineWith().copy(`${registry.host}/a:v1`, `${registry.host}/b:v1`);
  expect(registry.count("GET a/blobs")).toBe(0);
});

test("a place on disk that cannot be is told in plain words, with one code", async () => {
  const [registry, path] = [await startFake(), await temporaryFolder("copy")];
  const image = imageOf(1);
  registry.put("a", image, "v1");
  await writeFile(`${path}/file`, "");
  const copying = engineWith().copy(`${registry.host}/a:v1`, `oci:${path}/file/layout:v1`);
  const { class: found, code, message, hint, cause } = await engineError(copying);
  expect({ found, code, hint, cause }).toMatchObject({ found: "InvalidInput", code: "ERR_FILE_SYSTEM", cause: { code: "ENOTDIR" } });
  expect(hint).toBeUndefined();
  expect(message).toMatch(/^Cannot [a-z ]+ ".*\/file\/layout.*": what should be a folder is a file$/);
});

test("a destination that names a tag and a digest gets the tag, if the content has the digest", async () => {
  const [registry, path] = [await startFake(), await temporaryFolder("copy")];
  const image = imageOf(1);
  registry.put("a", image, "v1");
  const [engine, other] = [engineWith(), digestOf("other")];
  const from = `${registry.host}/a:v1`;
  for (const [into, write] of [
    [`${registry.host}/b`, async (to: string) => await engine.copy(from, to)],
    [`oci:${path}/b`, async (to: string) => await engine.copy(from, to)],
    [`${registry.host}/c`, async (to: string) => await engine.pull(from, { into: to })],
    [`oci:${path}/c`, async (to: string) => await engine.pull(from, { into: to })],
  ] as const) {
    const held = async (): Promise<readonly string[]> => [...registry.manifests.keys(), ...(await readdir(path))];
    const before = await held();
    expect(await engineError(write(`${into}:v2@${other}`))).toMatchObject({ class: "InvalidInput" });
    expect(await held()).toEqual(before);
    await write(`${into}:v2@${image.manifest.digest}`);
    expect(await engine.tags(into)).toEqual(["v2"]);
  }
});
