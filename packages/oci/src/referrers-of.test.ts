import { expect, test } from "vitest";
import type { ByteStream, Fetcher, PredecessorFinder } from "./content.ts";
import type { Descriptor } from "./descriptor.ts";
import { computeDigest } from "./digest.ts";
import { DigestMismatchError, LimitExceededError, NotFoundError, SizeMismatchError, UnsupportedError } from "./errors.ts";
import { EMPTY_JSON_DIGEST, MEDIA_TYPES } from "./media-types.ts";
import { referrersOf } from "./referrers-of.ts";

interface Stored {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

async function store(value: object, mediaType: string): Promise<Stored> {
  const bytes = new TextEncoder().encode(JSON.stringify({ schemaVersion: 2, mediaType, ...value }));
  return { descriptor: { mediaType, digest: await computeDigest(bytes), size: bytes.byteLength }, bytes };
}

const config = { mediaType: "application/x.config", digest: EMPTY_JSON_DIGEST, size: 2 };
const subject = await store({ config, layers: [] }, MEDIA_TYPES.ociManifest);
const other = { ...subject.descriptor, size: subject.descriptor.size + 1 };
const annotations = { name: "x" };
const typed = await store(
  { config, layers: [], subject: subject.descriptor, artifactType: "application/x.sbom", annotations },
  MEDIA_TYPES.ociManifest,
);
const untyped = await store({ config, layers: [], subject: subject.descriptor }, MEDIA_TYPES.ociManifest);
const list = await store({ manifests: [], subject: subject.descriptor, artifactType: "application/x.list" }, MEDIA_TYPES.ociIndex);
const old = await store({ blobs: [], subject: subject.descriptor, artifactType: "application/x.old" }, MEDIA_TYPES.ociArtifactManifest);
const parent = await store({ manifests: [subject.descriptor] }, MEDIA_TYPES.ociIndex);
const nearly = await store({ config, layers: [], subject: other }, MEDIA_TYPES.ociManifest);
const docker = await store({ manifests: [] }, MEDIA_TYPES.dockerManifestList);
const all = [typed, untyped, list, old, parent, nearly, docker];

function graph(stored: readonly Stored[]): Fetcher & PredecessorFinder {
  return {
    predecessors: async () => stored.map((one) => one.descriptor),
    async fetch(target): Promise<ByteStream> {
      const found = stored.find((one) => one.descriptor.digest === target.digest);
      if (found === undefined) throw new NotFoundError("manifest", target.digest);
      return {
        destroy() {},
        async *[Symbol.asyncIterator]() {
          yield found.bytes.subarray(0, 5);
          yield found.bytes.subarray(5);
        },
      };
    },
  };
}

test("[client/B-71] referrersOf() keeps what names the manifest as its subject, with type and annotations", async () => {
  expect(await referrersOf(graph(all), subject.descriptor)).toEqual([
    { ...typed.descriptor, artifactType: "application/x.sbom", annotations },
    { ...untyped.descriptor, artifactType: "application/x.config" },
    { ...list.descriptor, artifactType: "application/x.list" },
    { ...old.descriptor, artifactType: "application/x.old" },
  ]);
});

test("[client/B-71] referrersOf() filters by artifact type", async () => {
  const found = await referrersOf(graph(all), subject.descriptor, { artifactType: "application/x.list" });
  expect(found.map((one) => one.digest)).toEqual([list.descriptor.digest]);
});

test("[client/B-71] referrersOf() asks a store that lists referrers itself", async () => {
  const asked: unknown[] = [];
  const lister = {
    referrers(target: Descriptor, options: unknown) {
      asked.push(target.digest, options);
      return {
        async *pages() {
          yield [typed.descriptor];
        },
        async *[Symbol.asyncIterator]() {
          yield typed.descriptor;
        },
      };
    },
  };
  expect(await referrersOf(lister, subject.descriptor, { artifactType: "x/y" })).toEqual([typed.descriptor]);
  expect(asked).toEqual([subject.descriptor.digest, { artifactType: "x/y" }]);
});

test("[client/B-71] referrersOf() refuses what is no manifest", async () => {
  const blob = { ...subject.descriptor, mediaType: MEDIA_TYPES.octetStream };
  await expect(referrersOf(graph(all), blob)).rejects.toThrow(UnsupportedError);
});

test("referrersOf() checks what it reads", async () => {
  const wrong = { ...typed, bytes: untyped.bytes };
  await expect(referrersOf(graph([wrong]), subject.descriptor)).rejects.toThrow(SizeMismatchError);
  const longer = { ...typed, bytes: new Uint8Array([...typed.bytes, 32]) };
  await expect(referrersOf(graph([longer]), subject.descriptor)).rejects.toThrow(SizeMismatchError);
  const changed = { ...typed, bytes: typed.bytes.map((byte, i) => (i === 0 ? 32 : byte)) };
  await expect(referrersOf(graph([changed]), subject.descriptor)).rejects.toThrow(DigestMismatchError);
  await expect(referrersOf(graph([typed]), subject.descriptor, { maxMetadataBytes: 10 })).rejects.toThrow(LimitExceededError);
});
