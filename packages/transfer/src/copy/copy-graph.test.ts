import {
  type Annotations,
  bytesSource,
  type Descriptor,
  type Digest,
  MEDIA_TYPES,
  NotFoundError,
  type Platform,
  type Pusher,
} from "@berth/oci";
import { blobFixture, EMPTY_JSON, imageManifest, type ImageGraph, indexManifest, manifestOf } from "@berth/testkit/images";
import { expect, test } from "vitest";
import { createMemoryStore, type MemoryTarget } from "../memory/memory-store.ts";
import { copy } from "./copy.ts";
import { copyGraph } from "./copy-graph.ts";
import { imageOf, indexOf, storeOf, startFake, textBlob } from "./copy.test-kit.ts";

const amd64 = { os: "linux", architecture: "amd64" };
const arm64 = { os: "linux", architecture: "arm64" };

/** Notes what is pushed, in order. */
function noting(store: MemoryTarget, pushed: Digest[] = []): Pusher & { readonly pushed: readonly Digest[] } {
  return {
    pushed,
    exists: (target, options) => store.exists(target, options),
    async push(expected, content, options) {
      await store.push(expected, content, options);
      pushed.push(expected.digest);
    },
  };
}

test("[engine/T16] an artifact with an empty config is one manifest and its blobs", async () => {
  const empty = blobFixture(MEDIA_TYPES.ociEmpty, EMPTY_JSON);
  const files = [textBlob("one", "text/plain"), textBlob("two", "text/plain")];
  const manifest = imageManifest({ artifactType: "x/y", layers: files.map(({ descriptor }) => descriptor) });
  const source = await storeOf({ manifest, blobs: [empty, ...files], children: [] });
  const to = createMemoryStore();
  expect((await copyGraph(source, manifest.descriptor, to)).copied).toBe(4);
  expect(to.bytes).toBe(source.bytes);
});

test("[engine/T18] a child of a type nobody knows is copied as it is, wherever it stands", async () => {
  const odd = manifestOf({ hello: "world" }, "application/vnd.example.odd+json");
  const image = imageOf(1);
  const index = indexManifest([image.manifest.descriptor, odd.descriptor]);
  const graph = { manifest: index, blobs: [], children: [image, { manifest: odd, blobs: [], children: [] }] };
  const source = await storeOf(graph);
  const to = createMemoryStore();
  await copyGraph(source, index.descriptor, to);
  expect(await to.exists(odd.descriptor)).toBe(true);

  const [first, second] = [await startFake(), await startFake()];
  first.put("a", graph, "v1");
  await copy(first.repository("a"), "v1", second.repository("b"));
  expect(second.manifests.get(`b ${odd.digest}`)?.bytes.equals(odd.bytes)).toBe(true);
});

test("[engine/T18] of chosen platforms, a child of an unknown type is left out", async () => {
  const odd = manifestOf({ hello: "world" }, "application/vnd.example.odd+json");
  const index = indexOf([{ graph: imageOf(1), platform: amd64 }, { graph: { manifest: odd, blobs: [], children: [] } }]);
  const source = await storeOf(index);
  const to = createMemoryStore();
  await copyGraph(source, index.manifest.descriptor, to, { platforms: [amd64] });
  expect(await to.exists(odd.descriptor)).toBe(false);
});

test("of an index, only some platforms and what is attached to them; its own bytes stay", async () => {
  const [one, two] = [imageOf(1, { of: "amd" }), imageOf(1, { of: "arm" })];
  const proof = (of: ImageGraph): { graph: ImageGraph; platform: Platform; annotations: Annotations } => ({
    graph: imageOf(1, { of: `proof of ${of.manifest.digest}` }),
    platform: { os: "unknown", architecture: "unknown" },
    annotations: { "vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": of.manifest.digest },
  });
  const [proofOne, proofTwo] = [proof(one), proof(two)];
  const index = indexOf([{ graph: one, platform: amd64 }, { graph: two, platform: arm64 }, proofOne, proofTwo]);
  const source = await storeOf(index);
  const to = createMemoryStore();
  await copyGraph(source, index.manifest.descriptor, to, { platforms: [arm64] });
  const there = async (graph: ImageGraph): Promise<boolean> => await to.exists(graph.manifest.descriptor);
  expect(await Promise.all([index, one, two, proofOne.graph, proofTwo.graph].map(there))).toEqual([true, false, true, false, true]);
  const chosen = createMemoryStore();
  await copyGraph(source, index.manifest.descriptor, chosen, { selectChildren: (_, children) => children.slice(0, 1) });
  expect(await chosen.exists(one.manifest.descriptor)).toBe(true);
  expect(await chosen.exists(two.manifest.descriptor)).toBe(false);
});

test("everything is told as it happens", async () => {
  const image = imageOf(1);
  const source = await storeOf(image, "v1");
  const to = createMemoryStore();
  const layer = image.blobs[1]?.descriptor ?? image.manifest.descriptor;
  await to.push(layer, bytesSource(image.blobs[1]?.bytes ?? ""));
  const [copied, existing, events]: [Digest[], Digest[], string[]] = [[], [], []];
  await copy(source, "v1", to, ["v1", "v2"], {
    onCopied: ({ digest }) => copied.push(digest),
    onExisting: ({ digest }) => existing.push(digest),
    onEvent: ({ id, action, last }) => void (last && events.push(`${id} ${action}`)),
  });
  const config = image.blobs[0]?.descriptor.digest;
  expect([copied, existing]).toEqual([[config, image.manifest.digest], [layer.digest]]);
  const id = (digest = ""): string => digest.slice(7, 19);
  expect(events.toSorted()).toEqual(
    [`${id(config)} done`, `${id(layer.digest)} exists`, `${id(image.manifest.digest)} done`, "v1 tagged", "v2 tagged"].toSorted(),
  );
});

test("content that occurs twice is moved once, and what is below comes first", async () => {
  const image = imageOf(2);
  const index = indexOf([{ graph: image, platform: amd64 }, { graph: image, platform: arm64 }, { graph: imageOf(2, { seed: 2 }) }]);
  const source = await storeOf(index);
  const to = noting(createMemoryStore());
  await copyGraph(source, index.manifest.descriptor, to);
  expect(new Set(to.pushed).size).toBe(to.pushed.length);
  expect(to.pushed.at(-1)).toBe(index.manifest.digest);
});

test("[engine/1.10] what is a manifest of an index and a layer beside it is brought to a registry as both", async () => {
  const inner = imageOf(1);
  const layer = blobFixture("application/vnd.example.bundle", inner.manifest.bytes);
  const config = blobFixture(MEDIA_TYPES.ociEmpty, EMPTY_JSON);
  const manifest = imageManifest({ layers: [layer.descriptor] });
  const outer: ImageGraph = { manifest, blobs: [config, layer], children: [] };
  const index = indexOf([{ graph: inner }, { graph: outer }]);
  const [from, to] = [await startFake(), await startFake()];
  from.put("a", index, "v1");
  for (const source of [from.repository("a"), await storeOf(index, "v1")]) {
    to.blobs.clear();
    to.manifests.clear();
    await copy(source, "v1", to.repository("b"), "v1");
    expect([to.manifests.has(`b ${layer.descriptor.digest}`), to.blobs.has(`b ${layer.descriptor.digest}`)]).toEqual([true, true]);
  }
});

test("copying to a store that cannot be asked for tags works all the same", async () => {
  const image = imageOf(1);
  const source = await storeOf(image, "v1");
  const store = createMemoryStore();
  const tags: string[] = [];
  const to = { ...noting(store), tag: async (_: Descriptor, tag: string) => void tags.push(tag), resolve: undefined };
  await expect(copyGraph(source, image.manifest.descriptor, to)).resolves.toMatchObject({ copied: 3 });
  await expect(store.fetch({ ...image.manifest.descriptor, digest: imageOf(2).manifest.digest })).rejects.toBeInstanceOf(NotFoundError);
});
