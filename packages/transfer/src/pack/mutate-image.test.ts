import {
  decodeManifest,
  type Descriptor,
  type ImageManifest,
  isJsonObject,
  type JsonObject,
  MEDIA_TYPES,
  type Platform,
  UnsupportedError,
} from "@berth/oci";
import { readAllVerified } from "@berth/oci/node";
import {
  blobFixture,
  type ImageGraph,
  imageManifest,
  indexManifest,
  Random,
  randomImage,
  randomIndex,
  sourceOf,
} from "@berth/testkit/images";
import { expect, test } from "vitest";
import { createMemoryStore, type MemoryTarget } from "../memory/memory-store.ts";
import { type ImageEdits, mutateImage } from "./mutate-image.ts";
import { packArtifact } from "./pack-artifact.ts";

const amd64: Platform = { os: "linux", architecture: "amd64" };
const arm64: Platform = { os: "linux", architecture: "arm64" };

async function put(store: MemoryTarget, graph: ImageGraph): Promise<Descriptor> {
  for (const child of graph.children) await put(store, child);
  for (const { descriptor, bytes } of [...graph.blobs, graph.manifest]) await store.push(descriptor, sourceOf(bytes));
  return graph.manifest.descriptor;
}

async function bytesOf(store: MemoryTarget, descriptor: Descriptor): Promise<Buffer> {
  return await readAllVerified(await store.fetch(descriptor), descriptor);
}

async function imageOf(store: MemoryTarget, descriptor: Descriptor): Promise<ImageManifest> {
  const manifest = decodeManifest(await bytesOf(store, descriptor), descriptor.mediaType);
  if (manifest.kind !== "image") throw new Error("expected an image");
  return manifest;
}

async function childrenOf(store: MemoryTarget, descriptor: Descriptor): Promise<readonly Descriptor[]> {
  const manifest = decodeManifest(await bytesOf(store, descriptor), descriptor.mediaType);
  return manifest.kind === "index" ? manifest.manifests : [];
}

async function configOf(store: MemoryTarget, descriptor: Descriptor): Promise<JsonObject> {
  const value: unknown = JSON.parse((await bytesOf(store, (await imageOf(store, descriptor)).config)).toString());
  return isJsonObject(value) ? value : {};
}

test("mutateImage() changes config and manifest, keeps the layers, and copies them where they are not", async () => {
  for (const family of ["oci", "docker"] as const) {
    const [from, to] = [createMemoryStore(), createMemoryStore()];
    const image = await put(from, randomImage(new Random(1), { family }));
    const edits: ImageEdits = { labels: { k: "v" }, ...(family === "oci" && { annotations: { a: "b" } }) };
    const made = await mutateImage(from, image, edits, to);
    expect(made.mediaType).toBe(image.mediaType);
    const [before, after] = [await imageOf(from, image), await imageOf(to, made)];
    expect(after.layers).toEqual(before.layers);
    expect(after.config.mediaType).toBe(before.config.mediaType);
    expect(after.annotations).toEqual(edits.annotations);
    expect(await configOf(to, made)).toEqual({ ...(await configOf(from, image)), config: { Labels: { k: "v" } } });
    for (const layer of after.layers) expect(await to.exists(layer)).toBe(true);
    expect(await to.exists(image)).toBe(false);
  }
});

test("mutateImage() gives the same digest for the same edits, and that of the image when nothing changes", async () => {
  const store = createMemoryStore();
  const image = await put(store, randomImage(new Random(2)));
  const one = await mutateImage(store, image, { labels: { a: "1", b: "2" }, env: { X: "y" } }, store);
  const two = await mutateImage(store, image, { env: { X: "y" }, labels: { b: "2", a: "1" } }, store);
  expect(one).toEqual(two);
  expect(await mutateImage(store, one, { labels: { a: "1", c: null } }, store)).toEqual(one);
  expect(await mutateImage(store, image, {}, store)).toEqual(image);
  const elsewhere = createMemoryStore();
  await mutateImage(store, image, {}, elsewhere);
  expect(await elsewhere.exists(image)).toBe(true);
});

test("mutateImage() keeps the config as it is when annotations alone change", async () => {
  const store = createMemoryStore();
  const image = await put(store, randomImage(new Random(3)));
  const made = await mutateImage(store, image, { annotations: { a: "b" } }, store);
  expect((await imageOf(store, made)).config).toEqual((await imageOf(store, image)).config);
});

test("mutateImage() keeps members that nobody named, and content kept in the manifest", async () => {
  const store = createMemoryStore();
  const config = blobFixture(MEDIA_TYPES.ociConfig, Buffer.from('{"os":"linux","architecture":"amd64","n":12345678901234567890}'));
  const manifest = imageManifest({
    config: { ...config.descriptor, data: config.bytes.toString("base64"), annotations: { kept: "yes" } },
    extra: { "x.kept": [1, 2] },
  });
  for (const { descriptor, bytes } of [config, manifest]) await store.push(descriptor, sourceOf(bytes));
  const made = await mutateImage(store, manifest.descriptor, { user: "1000" }, store);
  const after = await imageOf(store, made);
  const text = (await bytesOf(store, after.config)).toString();
  expect(text).toBe('{"os":"linux","architecture":"amd64","n":12345678901234567890,"config":{"User":"1000"}}');
  expect(after.config).toMatchObject({ data: Buffer.from(text).toString("base64"), annotations: { kept: "yes" } });
  expect(JSON.parse(Buffer.from(after.raw).toString())).toHaveProperty("x.kept".split("\n"), [1, 2]);
});

test("mutateImage() changes every image of an index; what is attached follows, artifacts stay", async () => {
  const [from, to] = [createMemoryStore(), createMemoryStore()];
  const graph = randomIndex(new Random(4), [amd64, arm64]);
  for (const child of graph.children) await put(from, child);
  const artifact = await packArtifact(from, { artifactType: "a/b", epoch: 0 });
  const [first, second] = graph.children.map(({ manifest }) => manifest.descriptor);
  if (first === undefined || second === undefined) throw new Error("expected two images");
  const attestation: Descriptor = {
    mediaType: artifact.mediaType,
    digest: artifact.digest,
    size: artifact.size,
    platform: { os: "unknown", architecture: "unknown" },
    annotations: { "vnd.docker.reference.digest": second.digest },
  };
  const index = indexManifest([{ ...first, platform: amd64 }, { ...second, platform: arm64 }, attestation]);
  const outer = indexManifest([index.descriptor]);
  for (const { descriptor, bytes } of [index, outer]) await from.push(descriptor, sourceOf(bytes));

  const made = await mutateImage(from, outer.descriptor, { labels: { k: "v" } }, to);
  const [inner] = await childrenOf(to, made);
  if (inner === undefined) throw new Error("expected an index");
  const [one, two, three] = await childrenOf(to, inner);
  if (one === undefined || two === undefined) throw new Error("expected images");
  for (const child of [one, two]) expect(await configOf(to, child)).toMatchObject({ config: { Labels: { k: "v" } } });
  expect([one.platform, two.platform]).toEqual([amd64, arm64]);
  expect(three).toEqual({ ...attestation, annotations: { "vnd.docker.reference.digest": two.digest } });
  expect(await to.exists(attestation)).toBe(true);

  const some = await mutateImage(from, index.descriptor, { labels: { k: "v" } }, to, { platforms: [arm64] });
  expect((await childrenOf(to, some)).map(({ digest }) => digest)).toEqual([first.digest, two.digest, attestation.digest]);
  const misspelt = { platforms: [arm64, { os: "linux", architecture: "amd46" }] };
  await expect(mutateImage(from, index.descriptor, { labels: { k: "v" } }, to, misspelt)).rejects.toThrow(
    "Cannot find image for linux/amd46: there are images for linux/amd64, linux/arm64",
  );
  expect(await mutateImage(from, index.descriptor, { labels: { gone: null } }, to)).toEqual(index.descriptor);
  const { entries } = {
    entries: await childrenOf(to, await mutateImage(from, index.descriptor, { platform: { os: "linux", architecture: "riscv64" } }, to)),
  };
  expect(entries.map(({ platform }) => platform?.architecture)).toEqual(["riscv64", "riscv64", "unknown"]);
});

test("mutateImage() refuses configs of artifacts, annotations of Docker manifests, and what is no image", async () => {
  const store = createMemoryStore();
  const artifact = await packArtifact(store, { artifactType: "a/b", epoch: 0 });
  await expect(mutateImage(store, artifact, { user: "x" }, store)).rejects.toThrow(UnsupportedError);
  expect((await imageOf(store, await mutateImage(store, artifact, { annotations: { a: "b" } }, store))).annotations).toMatchObject({
    a: "b",
  });
  const docker = await put(store, randomImage(new Random(5), { family: "docker" }));
  await expect(mutateImage(store, docker, { annotations: { a: "b" } }, store)).rejects.toThrow(UnsupportedError);
  const blob = blobFixture("text/plain", Buffer.from("x"));
  await store.push(blob.descriptor, sourceOf(blob.bytes));
  await expect(mutateImage(store, blob.descriptor, {}, store)).rejects.toThrow(UnsupportedError);
  const reason = new Error("enough");
  await expect(mutateImage(store, docker, {}, store, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});

test("mutateImage() leaves nothing in an entry of an index that is of the manifest before, such as its bytes", async () => {
  const store = createMemoryStore();
  const image = await put(store, randomImage(new Random(9)));
  const other = await put(store, randomImage(new Random(10)));
  const data = async (descriptor: Descriptor): Promise<string> => (await bytesOf(store, descriptor)).toString("base64");
  const entries: readonly Descriptor[] = [
    { ...image, platform: amd64, data: await data(image), urls: ["https://example.com/manifest"] },
    { ...other, platform: arm64, data: await data(other) },
  ];
  const index = indexManifest(entries);
  await store.push(index.descriptor, sourceOf(index.bytes));
  const made = await mutateImage(store, index.descriptor, { labels: { k: "v" } }, store, { platforms: [amd64] });
  const [changed, left] = await childrenOf(store, made);
  expect(changed).toEqual({ mediaType: image.mediaType, digest: expect.any(String), size: expect.any(Number), platform: amd64 });
  expect(changed?.digest).not.toBe(image.digest);
  expect(left).toEqual(entries[1]);
});
