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
import type { TransferEvent } from "../events.ts";
import { createMemoryStore, type MemoryTarget } from "../memory/memory-store.ts";
import { copy } from "./copy.ts";
import { copyGraph } from "./copy-graph.ts";
import { copyTags } from "./copy-tags.ts";
import { fill, imageOf, startFake, textBlob } from "./copy.test-kit.ts";

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

async function storeOf(graph: ImageGraph, tag?: string): Promise<MemoryTarget> {
  const store = createMemoryStore();
  await fill(store, graph);
  if (tag !== undefined) await store.tag(graph.manifest.descriptor, tag);
  return store;
}

function indexOf(
  children: readonly { readonly graph: ImageGraph; readonly platform?: Platform; readonly annotations?: Annotations }[],
): ImageGraph {
  const entries = children.map(({ graph, ...rest }) => ({ ...graph.manifest.descriptor, ...rest }));
  return { manifest: indexManifest(entries), blobs: [], children: children.map(({ graph }) => graph) };
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

test("[engine/T27] an external layer is left where it is; when it is wanted and nobody has it, that is said", async () => {
  const foreign = textBlob("far away", MEDIA_TYPES.dockerForeignLayerGzip);
  const image = imageOf(1);
  const [config, layer] = image.blobs.map(({ descriptor }) => descriptor);
  const urls = ["https://127.0.0.1:1/layer"];
  const manifest = imageManifest({ ...(config && { config }), layers: [...(layer ? [layer] : []), { ...foreign.descriptor, urls }] });
  const [from, to] = [await startFake(), await startFake()];
  from.put("a", { ...image, manifest }, "v1");
  const skipped: Descriptor[] = [];
  const { stats } = await copy(from.repository("a"), "v1", to.repository("b"), undefined, { onSkipped: (one) => skipped.push(one) });
  expect([stats.skipped, stats.copied, skipped.map(({ digest }) => digest)]).toEqual([1, 3, [foreign.descriptor.digest]]);
  const again = copy(from.repository("a"), "v1", to.repository("c"), undefined, { external: true });
  await expect(again).rejects.toMatchObject({ code: "ERR_EXTERNAL_LAYER", digest: foreign.descriptor.digest });
  await expect(again).rejects.toThrow("neither the source nor the places it names have it");
  expect(to.tags.has("c v1")).toBe(false);
  from.blobs.set(`a ${foreign.descriptor.digest}`, foreign.bytes);
  expect((await copy(from.repository("a"), "v1", to.repository("c"), undefined, { external: true })).stats.skipped).toBe(0);
  expect(to.blobs.get(`c ${foreign.descriptor.digest}`)?.equals(foreign.bytes)).toBe(true);
});

test("[engine/T27] of an external layer that nobody has it is said which places were not asked, and why", async () => {
  const foreign = textBlob("far away", MEDIA_TYPES.dockerForeignLayerGzip);
  const config = imageOf(0).blobs[0]?.descriptor;
  const withLayer = (urls: readonly string[]): ImageGraph["manifest"] =>
    imageManifest({ ...(config && { config }), layers: [{ ...foreign.descriptor, urls }] });
  const at = async (urls: readonly string[]): Promise<string> => {
    const image = { ...imageOf(0), manifest: withLayer(urls) };
    const [from, local] = [await startFake(), createMemoryStore()];
    from.put("a", image, "v1");
    const failing = copy(from.repository("a"), "v1", local, undefined, { external: true });
    return await failing.then(String, (error: Error) => error.message.replace(/^.*?": /, ""));
  };
  expect(await at(["http://10.0.0.5/layer?key=s3cret"])).toBe(
    'the source does not have it; "10.0.0.5" was not asked, as it is an address of this machine or of a private network',
  );
  expect(await at(["https://127.0.0.1:1/layer", "ftp://files.test/layer", "http://me:pw@files.test/", "::"])).toBe(
    'neither the source nor the places it names have it; "files.test" was not asked, as it is not reached by HTTP; ' +
      '"files.test" was not asked, as it has a password in it; a place was not asked, as it is no URL',
  );
  const store = createMemoryStore();
  const image = withLayer(["https://files.test/layer"]);
  await fill(store, { manifest: image, blobs: imageOf(0).blobs, children: [] });
  await expect(copyGraph(store, image.descriptor, createMemoryStore(), { external: true })).rejects.toThrow(
    "the source does not have it, and asks no other place",
  );
});

test("[engine/T13] a manifest that is two things at once is refused, and nothing is pushed", async () => {
  const both = manifestOf(
    { schemaVersion: 2, mediaType: MEDIA_TYPES.ociManifest, config: textBlob("c").descriptor, layers: [], manifests: [] },
    MEDIA_TYPES.ociManifest,
  );
  const source = { fetch: async () => Object.assign(bytesSource(both.bytes), { destroy: () => undefined }) };
  const to = createMemoryStore();
  await expect(copyGraph(source, both.descriptor, to)).rejects.toMatchObject({ code: "ERR_INVALID_MANIFEST" });
  expect(to.bytes).toBe(0);
});

test("[engine/T17] schema 1 is refused by name", async () => {
  const old = manifestOf({ schemaVersion: 1 }, MEDIA_TYPES.dockerSchema1Signed);
  await expect(copyGraph(createMemoryStore(), old.descriptor, createMemoryStore())).rejects.toMatchObject({
    code: "ERR_SCHEMA_V1_UNSUPPORTED",
  });
});

test("[engine/T17] a tag of schema 1 is refused before its manifest is asked for, whatever is there under the tag", async () => {
  const [from, to] = [await startFake(), await startFake()];
  from.putManifest("a", manifestOf({ schemaVersion: 1 }, MEDIA_TYPES.dockerSchema1Signed), "old");
  await expect(copy(from.repository("a"), "old", to.repository("b"))).rejects.toMatchObject({ code: "ERR_SCHEMA_V1_UNSUPPORTED" });
  await expect(copyTags(from.repository("a"), ["old"], to.repository("b"))).rejects.toMatchObject({ code: "ERR_SCHEMA_V1_UNSUPPORTED" });
  expect([from.count("GET"), to.count("PUT"), to.count("POST")]).toEqual([0, 0, 0]);
});

test("a blob that the source lacks fails the copy at the source, and no manifest is pushed", async () => {
  const image = imageOf(3);
  const source = await storeOf({ ...image, blobs: image.blobs.slice(0, 3) }, "v1");
  const to = createMemoryStore();
  const failed: TransferEvent[] = [];
  const copying = copy(source, "v1", to, undefined, { onEvent: (event) => void (event.action === "failed" && failed.push(event)) });
  await expect(copying).rejects.toMatchObject({ code: "ERR_COPY", origin: "source", step: "fetch", cause: { code: "ERR_NOT_FOUND" } });
  expect(failed.map(({ id, last }) => [id, last])).toEqual([[image.blobs[3]?.descriptor.digest.slice(7, 19), true]]);
  expect(await to.exists(image.manifest.descriptor)).toBe(false);
  await expect(copy(source, "v2", to)).rejects.toMatchObject({ code: "ERR_COPY", step: "resolve", origin: "source" });
});

test("a source that gives other bytes is named, and what it gave is not kept", async () => {
  const image = imageOf(1);
  const store = await storeOf(image);
  const wrong = image.blobs[1]?.descriptor.digest;
  const source: Pick<MemoryTarget, "fetch"> = {
    async fetch(target, options) {
      if (target.digest !== wrong) return await store.fetch(target, options);
      return Object.assign(bytesSource("x".repeat(target.size)), { destroy: () => undefined });
    },
  };
  const to = createMemoryStore();
  await expect(copyGraph(source, image.manifest.descriptor, to)).rejects.toMatchObject({
    origin: "source",
    cause: { code: "ERR_DIGEST_MISMATCH", expected: wrong },
  });
  expect(
    await Promise.all([to.exists(image.blobs[1]?.descriptor ?? image.manifest.descriptor), to.exists(image.manifest.descriptor)]),
  ).toEqual([false, false]);
});

test("a destination that fails is named, and everything else stops", async () => {
  const image = imageOf(50);
  const source = await storeOf(image);
  const full = Object.assign(new Error("no space left"), { code: "ENOSPC" });
  let pushes = 0;
  const to: Pusher = {
    exists: async () => false,
    async push() {
      pushes++;
      throw full;
    },
  };
  await expect(copyGraph(source, image.manifest.descriptor, to)).rejects.toMatchObject({
    origin: "destination",
    step: "push",
    cause: full,
  });
  expect(pushes).toBe(4);
});

test("who aborts gets the reason, unwrapped", async () => {
  const image = imageOf(2);
  const source = await storeOf(image);
  const controller = new AbortController();
  const reason = new Error("enough");
  const to: Pusher = {
    exists: async () => false,
    async push() {
      controller.abort(reason);
      controller.signal.throwIfAborted();
    },
  };
  await expect(copyGraph(source, image.manifest.descriptor, to, { signal: controller.signal })).rejects.toBe(reason);
  await expect(copyGraph(source, image.manifest.descriptor, to, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});

test("what is too large, too deep or too much is refused", async () => {
  const image = imageOf(3);
  const deep = indexOf([{ graph: indexOf([{ graph: indexOf([{ graph: image }]) }]) }]);
  const source = await storeOf(deep);
  const root = deep.manifest.descriptor;
  const limited = (options: object): Promise<unknown> => copyGraph(source, root, createMemoryStore(), options);
  await expect(limited({ maxDepth: 2 })).rejects.toMatchObject({ code: "ERR_LIMIT_EXCEEDED", limit: 2 });
  await expect(limited({ maxNodes: 7 })).rejects.toMatchObject({ code: "ERR_LIMIT_EXCEEDED", limit: 7 });
  await expect(limited({ maxMetadataBytes: 10 })).rejects.toMatchObject({ code: "ERR_LIMIT_EXCEEDED", limit: 10 });
  await limited({ maxDepth: 3, maxNodes: 8 });
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

test.each(["overwrite", "keep", "refuse"] as const)("a tag that names something else at the destination: %s", async (existingTags) => {
  const source = await storeOf(imageOf(1), "v1");
  const to = await storeOf(imageOf(2), "v1");
  const before = to.bytes;
  const copying = copy(source, "v1", to, ["v1"], { existingTags });
  if (existingTags === "refuse") {
    await expect(copying).rejects.toMatchObject({ code: "ERR_TAG_EXISTS", tag: "v1", digest: imageOf(2).manifest.digest });
  } else {
    const { tags } = await copying;
    const digest = (existingTags === "keep" ? imageOf(2) : imageOf(1)).manifest.digest;
    expect(tags).toMatchObject([{ tag: "v1", digest, outcome: existingTags === "keep" ? "kept" : "tagged" }]);
    expect((await to.resolve("v1")).digest).toBe(digest);
  }
  if (existingTags !== "overwrite") expect(to.bytes).toBe(before);
  await copy(source, "v1", to, "v2", { existingTags }); // a tag that is new is nobody's
  expect((await to.resolve("v2")).digest).toBe(imageOf(1).manifest.digest);
});

test("a digest is copied without a tag; as the new reference it is a promise", async () => {
  const image = imageOf(1);
  const source = await storeOf(image);
  const to = createMemoryStore();
  const { digest } = image.manifest;
  expect((await copy(source, digest, to)).tags).toEqual([]);
  expect(await Array.fromAsync(to.tags())).toEqual([]);
  await copy(source, digest, to, digest);
  await expect(copy(source, digest, to, imageOf(2).manifest.digest)).rejects.toMatchObject({ code: "ERR_INVALID_REFERENCE" });
  await copy(source, digest, to, "v1");
  expect((await to.resolve("v1")).digest).toBe(digest);
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
