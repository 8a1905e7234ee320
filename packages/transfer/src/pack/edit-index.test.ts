import { decodeManifest, type Descriptor, type IndexManifest, MEDIA_TYPES, type Platform, UnsupportedError } from "@berth/oci";
import { readAllVerified } from "@berth/oci/node";
import { type ImageGraph, indexManifest, Random, randomImage, randomIndex, sourceOf } from "@berth/testkit/images";
import { expect, test } from "vitest";
import { createMemoryStore, type MemoryTarget } from "../memory/memory-store.ts";
import { createIndex, editIndex } from "./edit-index.ts";
import { InvalidPackError } from "./errors.ts";
import { packArtifact } from "./pack-artifact.ts";

const amd64: Platform = { os: "linux", architecture: "amd64" };
const arm: Platform = { os: "linux", architecture: "arm", variant: "v7" };

async function put(store: MemoryTarget, graph: ImageGraph): Promise<Descriptor> {
  for (const child of graph.children) await put(store, child);
  for (const { descriptor, bytes } of [...graph.blobs, graph.manifest]) await store.push(descriptor, sourceOf(bytes));
  return graph.manifest.descriptor;
}

async function read(store: MemoryTarget, descriptor: Descriptor): Promise<IndexManifest> {
  const manifest = decodeManifest(await readAllVerified(await store.fetch(descriptor), descriptor), descriptor.mediaType);
  if (manifest.kind !== "index") throw new Error("expected an index");
  return manifest;
}

test("createIndex() reads platforms from configs and artifact types from manifests, and copies what is elsewhere", async () => {
  const [here, there] = [createMemoryStore(), createMemoryStore()];
  const image = await put(there, randomImage(new Random(1), { platform: arm }));
  const nested = await put(here, randomIndex(new Random(2), [amd64]));
  const artifact = await packArtifact(here, { artifactType: "a/b", epoch: 0 });
  const made = await createIndex(here, {
    manifests: [{ descriptor: image, from: there }, { descriptor: nested }, { descriptor: artifact, annotations: { k: "v" } }],
    annotations: { a: "1" },
    artifactType: "a/index",
    subject: artifact,
  });
  const { mediaType, digest, size } = artifact;
  const index = await read(here, made);
  expect(index.manifests).toEqual([
    { ...image, platform: arm },
    nested,
    { mediaType, digest, size, artifactType: "a/b", annotations: { k: "v" } },
  ]);
  expect(index).toMatchObject({ annotations: { a: "1" }, artifactType: "a/index", subject: { digest } });
  expect(await here.exists(image)).toBe(true);
});

test("createIndex() takes the entries of an index in its place, and makes Docker lists", async () => {
  const store = createMemoryStore();
  const graph = randomIndex(new Random(3), [amd64, arm], { family: "docker" });
  const nested = await put(store, graph);
  const made = await createIndex(store, { family: "docker", manifests: [{ descriptor: nested, flatten: true }] });
  expect(made.mediaType).toBe(MEDIA_TYPES.dockerManifestList);
  expect((await read(store, made)).manifests).toEqual((await read(store, nested)).manifests);
  const empty = await createIndex(store, { manifests: [] });
  expect((await read(store, empty)).manifests).toEqual([]);
});

test("createIndex() is the same for the same entries", async () => {
  const digests: string[] = [];
  for (let i = 0; i < 2; i++) {
    const store = createMemoryStore();
    const image = await put(store, randomImage(new Random(4)));
    digests.push(
      (await createIndex(store, { manifests: [{ descriptor: image }], annotations: i === 0 ? { a: "1", b: "2" } : { b: "2", a: "1" } }))
        .digest,
    );
  }
  expect(digests[0]).toBe(digests[1]);
});

test("editIndex() changes an index in place, keeps members nobody named, and its digest when nothing changes", async () => {
  const store = createMemoryStore();
  const graph = randomIndex(new Random(5), [amd64, arm]);
  for (const child of graph.children) await put(store, child);
  const entries = (await read(store, await put(store, graph))).manifests;
  const index = indexManifest(entries, { extra: { "x.kept": { n: 1 } } });
  await store.push(index.descriptor, sourceOf(index.bytes));

  expect(await editIndex(store, index.descriptor, {}, store)).toEqual(index.descriptor);
  const changed = await editIndex(store, index.descriptor, { remove: [arm], annotations: { a: "b" } }, store);
  const after = await read(store, changed);
  expect(after.manifests.map(({ platform }) => platform)).toEqual([amd64]);
  expect(JSON.parse(Buffer.from(after.raw).toString())).toMatchObject({ "x.kept": { n: 1 }, annotations: { a: "b" } });
});

test("editIndex() copies what stays to another place, by a callback when there is one", async () => {
  const [from, other, to] = [createMemoryStore(), createMemoryStore(), createMemoryStore()];
  const graph = randomIndex(new Random(6), [amd64, arm]);
  const index = await put(from, graph);
  const more = await put(other, randomImage(new Random(7), { platform: { os: "linux", architecture: "s390x" } }));
  const changed = await editIndex(from, index, { remove: [amd64], add: [{ descriptor: more, from: other }] }, to);
  expect((await read(to, changed)).manifests.map(({ platform }) => platform?.architecture)).toEqual(["arm", "s390x"]);
  const [removed, kept] = graph.children;
  for (const { descriptor } of kept?.blobs ?? []) expect(await to.exists(descriptor)).toBe(true);
  expect(removed !== undefined && (await to.exists(removed.manifest.descriptor))).toBe(false);

  const asked: string[] = [];
  const copy = async ({ digest }: Descriptor): Promise<void> => void asked.push(digest);
  await editIndex(from, index, { annotations: { k: "v" } }, createMemoryStore(), { copy });
  expect(asked).toEqual(graph.children.map(({ manifest }) => manifest.digest));
});

test("editIndex() refuses what is no index, and types that are none", async () => {
  const store = createMemoryStore();
  const image = await put(store, randomImage(new Random(8)));
  await expect(editIndex(store, image, {}, store)).rejects.toThrow(UnsupportedError);
  const index = await put(store, randomIndex(new Random(9), [amd64]));
  await expect(editIndex(store, index, { artifactType: "x" }, store)).rejects.toThrow(InvalidPackError);
  const reason = new Error("enough");
  await expect(editIndex(store, index, {}, store, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});
