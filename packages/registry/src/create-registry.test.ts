import { Readable } from "node:stream";
import { type Descriptor, ManifestBlobUnknownError, ManifestVerificationError, MEDIA_TYPES, RepositoryUnknownError } from "@berth/oci";
import { digestOf } from "@berth/oci/node";
import { createMemoryDriver } from "@berth/storage/memory";
import { pushGraph, Random, randomImage, randomIndex } from "@berth/testkit/images";
import { expect, onTestFinished, test } from "vitest";
import { createRegistry, type CreateRegistryOptions, type EmbeddedRegistry } from "./create-registry.ts";
import { collect } from "./testing/collect.test-kit.ts";
import { useDisk } from "./testing/disk.test-kit.ts";
import { absentDigest, bytesOf, EMPTY_JSON, imageManifest, indexManifest } from "./testing/fixtures.test-kit.ts";
import { useRegistry } from "./testing/harness.test-kit.ts";

async function use(options: CreateRegistryOptions = {}): Promise<EmbeddedRegistry> {
  const registry = await createRegistry(options);
  onTestFinished(() => registry.close());
  return registry;
}

function blobOf(bytes: Uint8Array | string, size = Buffer.byteLength(bytes)): Descriptor {
  return { mediaType: MEDIA_TYPES.octetStream, digest: digestOf(bytes), size };
}

const source = (...pieces: readonly (Uint8Array | string)[]): Readable => Readable.from(pieces.map((piece) => Buffer.from(piece)));

async function read(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}

test("what is pushed in process is served over HTTP, and the other way round", async () => {
  const server = await useRegistry();
  const repository = server.registry.repository("a/b");
  await repository.push(blobOf(EMPTY_JSON), source(EMPTY_JSON));
  const image = imageManifest();
  await repository.manifests.pushReference(image.descriptor, source(image.bytes), "in-process");
  expect((await server.call("GET", "/v2/a/b/manifests/in-process")).body.equals(image.bytes)).toBe(true);
  await server.pushManifest("a/b", "over-http", indexManifest([image.descriptor]));
  expect(await repository.resolve("over-http")).toEqual(indexManifest([image.descriptor]).descriptor);
  expect(await repository.predecessors(image.descriptor)).toEqual([indexManifest([image.descriptor]).descriptor]);
});

test("[server/Q33,M2] images and indexes of either family are pushed whole and read back byte for byte", async () => {
  const repository = (await use()).repository("a/b");
  const random = new Random(5);
  const platforms = ["amd64", "arm64"].map((architecture) => ({ os: "linux", architecture }));
  for (const family of ["oci", "docker"] as const) {
    for (const graph of [randomImage(random, { family }), randomIndex(random, platforms, { family })]) {
      await pushGraph(repository, graph, "latest");
      const { descriptor, content } = await repository.manifests.fetchReference("latest");
      expect(descriptor).toEqual(graph.manifest.descriptor);
      expect((await read(content)).equals(graph.manifest.bytes)).toBe(true);
      for (const { manifest } of graph.children)
        expect(await repository.predecessors(manifest.descriptor)).toEqual([graph.manifest.descriptor]);
      for (const blob of graph.blobs) expect((await read(await repository.blobs.fetch(blob.descriptor))).equals(blob.bytes)).toBe(true);
    }
  }
});

test("[server/P6,P8] fetch reads parts of small and large blobs", async () => {
  const { blobs } = (await use()).repository("a");
  for (const content of [bytesOf(1000), bytesOf(300_000)]) {
    await blobs.push(blobOf(content), source(content.subarray(0, 500), content.subarray(500)));
    expect((await read(await blobs.fetch(blobOf(content)))).equals(content)).toBe(true);
    expect((await read(await blobs.fetch(blobOf(content), { offset: 10, length: 20 }))).equals(content.subarray(10, 30))).toBe(true);
    expect((await read(await blobs.fetch(blobOf(content), { offset: 990 }))).equals(content.subarray(990))).toBe(true);
  }
});

test("[server/P2,P8] content of another size or digest is refused, and nothing is kept", async () => {
  const disk = await useDisk();
  const { blobs } = (await use(await disk.open())).repository("a");
  await expect(blobs.push(blobOf("content", 3), source("content"))).rejects.toMatchObject({ code: "ERR_SIZE_MISMATCH", expected: 3 });
  await expect(blobs.push(blobOf("content", 9), source("content"))).rejects.toMatchObject({
    code: "ERR_SIZE_MISMATCH",
    expected: 9,
    actual: 7,
  });
  await expect(blobs.push({ ...blobOf("content"), digest: absentDigest() }, source("content"))).rejects.toMatchObject({
    code: "ERR_DIGEST_MISMATCH",
    actual: digestOf("content"),
  });
  const broken = new Error("the source broke");
  await expect(blobs.push(blobOf("content"), Readable.from(failing(broken)))).rejects.toBe(broken);
  expect(await blobs.exists(blobOf("content"))).toBe(false);
  expect(await disk.files()).toEqual([]);
});

async function* failing(error: Error): AsyncGenerator<Uint8Array> {
  yield Buffer.from("con");
  throw error;
}

test("[server/P2] what is not there is a NotFoundError that says what kind of thing it is", async () => {
  const registry = await use();
  const repository = registry.repository("a");
  const absent = { mediaType: MEDIA_TYPES.octetStream, digest: absentDigest(), size: 1 };
  const manifest = { ...absent, mediaType: MEDIA_TYPES.ociManifest };
  const kinds: readonly [string, () => Promise<unknown>][] = [
    ["blob", () => repository.fetch(absent)],
    ["blob", () => repository.delete(absent)],
    ["blob", () => repository.blobs.stat(absent.digest)],
    ["blob", () => repository.blobs.resolve(absent.digest)],
    ["manifest", () => repository.fetch(manifest)],
    ["manifest", () => repository.delete(manifest)],
    ["manifest", () => repository.resolve(absent.digest)],
    ["manifest", () => repository.tag(manifest, "x")],
    ["manifest", () => repository.tagStore.tag(manifest, "x")],
    ["tag", () => repository.resolve("x")],
    ["tag", () => repository.untag("x")],
    ["tag", () => repository.manifests.fetchReference("x")],
    ["repository", () => repository.tags()[Symbol.asyncIterator]().next()],
  ];
  for (const [what, attempt] of kinds) await expect(attempt(), what).rejects.toMatchObject({ code: "ERR_NOT_FOUND", what });
  expect([await repository.exists(absent), await repository.exists(manifest)]).toEqual([false, false]);
  expect(await repository.blobs.mount(absent, "b")).toBe(false);
});

test("[server/P2] a manifest whose content is missing names it; bad names and tags are refused", async () => {
  const registry = await use();
  const image = imageManifest();
  const error: unknown = await registry
    .repository("a")
    .push(image.descriptor, source(image.bytes))
    .catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ManifestVerificationError);
  expect(error).toMatchObject({ errors: [new ManifestBlobUnknownError(digestOf(EMPTY_JSON))] });
  for (const name of ["", "A", "a//b", "..", "a".repeat(256)])
    expect(() => registry.repository(name), name).toThrow(expect.objectContaining({ code: "ERR_INVALID_REFERENCE" }));
  await expect(registry.repository("a").manifests.tag(image.descriptor, "bad tag")).rejects.toMatchObject({
    code: "ERR_INVALID_REFERENCE",
  });
});

test("[server/D7] deletes that are switched off are unsupported in process too", async () => {
  const repository = (await use({ deletes: false })).repository("a");
  const index = indexManifest([]);
  await repository.manifests.pushReference(index.descriptor, source(index.bytes), "x");
  for (const attempt of [
    () => repository.untag("x"),
    () => repository.delete(index.descriptor),
    () => repository.blobs.delete(blobOf("x")),
  ]) {
    await expect(attempt()).rejects.toMatchObject({ code: "ERR_UNSUPPORTED" });
  }
});

test("[server/P12,D9] the tags of a manifest, the history of a tag and what it ever pointed at are found", async () => {
  const repository = (await use()).repository("a");
  const [one, two] = [indexManifest([]), indexManifest([], { annotations: { n: "2" } })];
  await repository.manifests.pushReference(one.descriptor, source(one.bytes), "x");
  await repository.manifests.pushReference(two.descriptor, source(two.bytes), "x");
  await repository.tag(one.descriptor, "y");
  await repository.tag(one.descriptor, "z");
  expect(await collect(repository.tagStore.lookupTags(one.descriptor, { pageSize: 1 }))).toEqual(["y", "z"]);
  await repository.untag("x");
  expect((await repository.tagStore.history("x", 10)).map(({ operation, digest }) => [operation, digest])).toEqual([
    ["delete", two.digest],
    ["set", two.digest],
    ["set", one.digest],
  ]);
  expect(await repository.tagStore.manifestDigests("x")).toEqual([one.digest, two.digest].toSorted());
  await repository.delete(two.descriptor);
  expect(await repository.tagStore.manifestDigests("x")).toEqual([one.digest]);
});

test("[server/P7,P11,P13] blobs, manifests and repositories are enumerated, until the loop is left; a removed repository is gone", async () => {
  const registry = await use();
  const repository = registry.repository("a");
  const blobs = await Promise.all(["x", "y"].map((text) => repository.blobs.put("text/plain", Buffer.from(text))));
  const index = indexManifest([]);
  for (const name of ["b", "a"]) await registry.repository(name).manifests.pushReference(index.descriptor, source(index.bytes), "x");
  expect(await collect(repository.blobs.enumerateBlobs())).toEqual(blobs.map(({ digest }) => digest).toSorted());
  expect(await collect(repository.manifests.enumerateManifests())).toEqual([index.digest]);
  expect(await collect(registry.enumerateRepositories())).toEqual(["a", "b"]);
  const abort = new AbortController();
  await expect(async () => {
    for await (const name of registry.repositories({ pageSize: 1, signal: abort.signal })) abort.abort(new Error(`enough of ${name}`));
  }).rejects.toThrow("enough of a");
  await registry.removeRepository("a");
  expect(await collect(registry.enumerateRepositories())).toEqual(["b"]);
  expect(await collect(repository.blobs.enumerateBlobs())).toEqual([]);
  await expect(registry.removeRepository("a")).rejects.toBeInstanceOf(RepositoryUnknownError);
});

test("an aborted push ends with the signal's reason and leaves nothing", async () => {
  const disk = await useDisk();
  const repository = (await use(await disk.open())).repository("a");
  const abort = new AbortController();
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (let n = 0; ; n++) {
      if (n === 3) abort.abort(new Error("enough"));
      yield Buffer.from("x");
    }
  }
  await expect(repository.push(blobOf("x", 1000), endless(), { signal: abort.signal })).rejects.toThrow("enough");
  expect(await disk.files()).toEqual([]);
});

test("[server/SQ5] manifests are copied to a storage that was given, where the reference registry looks for them", async () => {
  const storage = createMemoryDriver();
  const registry = await use({ storage });
  const index = indexManifest([]);
  await registry.repository("a").manifests.pushReference(index.descriptor, source(index.bytes), "x");
  const path = `/docker/registry/v2/blobs/sha256/${index.digest.slice(7, 9)}/${index.digest.slice(7)}/data`;
  await expect.poll(() => storage.getContent(path).catch(() => undefined)).toEqual(index.bytes);
});

test("a registry starts quickly in memory, is ready, and lets go of everything when it is closed", async () => {
  const registry = await createRegistry();
  await registry.ready();
  for await (const name of registry.repositories()) throw new Error(`a new registry holds ${name}`);
  await registry.close();
  await expect(registry.ready()).rejects.toThrow();
});
