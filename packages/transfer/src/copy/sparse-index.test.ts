import { type Descriptor, MEDIA_TYPES } from "@berth/oci";
import { blobFixture, imageManifest, type ImageGraph, indexManifest } from "@berth/testkit/images";
import { expect, test } from "vitest";
import { createMemoryStore } from "../memory/memory-store.ts";
import { copy } from "./copy.ts";
import { fill, imageOf, startFake } from "./copy.test-kit.ts";
import { SparseIndexError } from "./sparse-index.ts";

const [amd64, arm64, s390x] = [imageOf(1), imageOf(1, { seed: 2 }), imageOf(1, { seed: 3 })];
const entry = ({ manifest }: ImageGraph, architecture: string): Descriptor => ({
  ...manifest.descriptor,
  platform: { os: "linux", architecture },
});
/** What buildx adds for an image. */
const attestation = (of: ImageGraph): { readonly graph: ImageGraph; readonly entry: Descriptor } => {
  const config = blobFixture(MEDIA_TYPES.ociConfig, Buffer.from(`{"of":"${of.manifest.digest}"}`));
  const graph = { manifest: imageManifest({ config: config.descriptor }), blobs: [config], children: [] };
  const annotations = { "vnd.docker.reference.digest": of.manifest.digest, "vnd.docker.reference.type": "attestation-manifest" };
  return { graph, entry: { ...graph.manifest.descriptor, platform: { os: "unknown", architecture: "unknown" }, annotations } };
};

/** A store with an index, tagged v1, and some of its images. */
async function sparse(entries: readonly Descriptor[], here: readonly ImageGraph[]): Promise<ReturnType<typeof createMemoryStore>> {
  const store = createMemoryStore();
  for (const image of here) await fill(store, image);
  const index = { manifest: indexManifest(entries), blobs: [], children: [] };
  await fill(store, index);
  await store.tag(index.manifest.descriptor, "v1");
  return store;
}

const entries = [entry(amd64, "amd64"), attestation(amd64).entry, entry(arm64, "arm64"), attestation(arm64).entry, entry(s390x, "s390x")];

async function failure(store: ReturnType<typeof createMemoryStore>): Promise<SparseIndexError> {
  const registry = await startFake();
  const error: unknown = await copy(store, "v1", registry.repository("b")).catch((reason: unknown) => reason);
  expect([...registry.tags.keys()]).toEqual([]);
  if (!(error instanceof SparseIndexError)) throw new Error("Cannot accept error: expected one about the index", { cause: error });
  return error;
}

test("[engine/1.10] an index whose images are not all there is refused by the names of those that are and those that are not", async () => {
  const store = await sparse(entries, [amd64, attestation(amd64).graph, s390x]);
  const error = await failure(store);
  expect(error.message).toMatch(
    /^Cannot copy index "sha256:[0-9a-f]{64}": the source has linux\/amd64, linux\/s390x of it, and lacks linux\/arm64$/,
  );
  expect(error.present.map(({ platform }) => platform?.architecture)).toEqual(["amd64", "s390x"]);
  expect(error).toMatchObject({ code: "ERR_SPARSE_INDEX", cause: { code: "ERR_COPY", origin: "source" } });
  expect((await failure(await sparse(entries.slice(2, 4), []))).message).toMatch(/has no image of it, and lacks linux\/arm64$/);
});

test("[engine/1.10] an image whose layers are not there counts as missing, an attestation only where its image is there", async () => {
  const hollow = { ...s390x, blobs: [] };
  const error = await failure(await sparse(entries, [amd64, hollow]));
  expect(error.present.map(({ digest }) => digest)).toEqual([amd64.manifest.digest]);
  expect(error.missing.map(({ digest }) => digest)).toEqual([
    attestation(amd64).entry.digest,
    arm64.manifest.digest,
    s390x.manifest.digest,
  ]);
});

test("a registry that has an index in part is told of in the same way", async () => {
  const [from, to] = [await startFake(), await startFake()];
  from.put("a", amd64);
  from.putManifest("a", indexManifest([entry(amd64, "amd64"), entry(arm64, "arm64")]), "v1");
  const copying = copy(from.repository("a"), "v1", to.repository("b"));
  await expect(copying).rejects.toThrow(/has linux\/amd64 of it, and lacks linux\/arm64$/);
});

test("[engine/1.10] what the destination has already need not be at the source", async () => {
  const registry = await startFake();
  registry.put("b", arm64);
  const store = await sparse([entry(amd64, "amd64"), entry(arm64, "arm64")], [amd64]);
  const { stats } = await copy(store, "v1", registry.repository("b"));
  expect([registry.tags.has("b v1"), stats.existing]).toEqual([true, 1]);
});

test("other failures stay what they are", async () => {
  const store = await sparse([entry(amd64, "amd64")], [{ ...amd64, blobs: amd64.blobs.slice(0, 1) }]);
  const registry = await startFake();
  await expect(copy(store, "v1", registry.repository("b"))).rejects.toMatchObject({ code: "ERR_COPY", origin: "source" });
});
