import { bytesSource, decodeManifest, type Descriptor, type DigestAlgorithm, digestAlgorithm, MEDIA_TYPES } from "@berth/oci";
import { descriptorOf, readAllVerified } from "@berth/oci/node";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createMemoryStore, type MemoryTarget } from "../memory/memory-store.ts";
import { formatDocument, parseDocument } from "./document.ts";
import { createIndex, editIndex } from "./edit-index.ts";
import { mutateImage } from "./mutate-image.ts";
import { packArtifact } from "./pack-artifact.ts";

const key = fc.string({ minLength: 1, maxLength: 8, unit: "binary" }).filter((text) => text.isWellFormed());
const map = fc.dictionary(
  key,
  fc.string({ maxLength: 8, unit: "binary" }).filter((text) => text.isWellFormed()),
  { maxKeys: 6 },
);
const reversed = (pairs: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(pairs).toReversed());

async function push(store: MemoryTarget, mediaType: string, text: string, algorithm: DigestAlgorithm): Promise<Descriptor> {
  const bytes = Buffer.from(text);
  const descriptor = descriptorOf(mediaType, bytes, algorithm);
  await store.push(descriptor, bytesSource(bytes));
  return descriptor;
}

async function imageIn(store: MemoryTarget, algorithm: DigestAlgorithm): Promise<Descriptor> {
  const config = await push(store, MEDIA_TYPES.ociConfig, '{"os":"linux","architecture":"amd64","n":1.0}', algorithm);
  return await push(store, MEDIA_TYPES.ociManifest, JSON.stringify({ schemaVersion: 2, config, layers: [] }), algorithm);
}

test("packArtifact() gives the same digest whatever the order of annotations, and its manifest reads back as it was meant", async () => {
  await fc.assert(
    fc.asyncProperty(map, map, async (annotations, ofLayer) => {
      const layer = { source: bytesSource("x"), mediaType: "text/plain" };
      const store = createMemoryStore();
      const one = await packArtifact(store, { artifactType: "a/b", annotations, layers: [{ ...layer, annotations: ofLayer }], epoch: 1 });
      const again = { annotations: reversed(annotations), layers: [{ ...layer, annotations: reversed(ofLayer) }] };
      expect((await packArtifact(createMemoryStore(), { artifactType: "a/b", epoch: 1, ...again })).digest).toBe(one.digest);
      const manifest = decodeManifest(await readAllVerified(await store.fetch(one), one), one.mediaType);
      expect({ ...manifest.annotations }).toEqual({ ...annotations, "org.opencontainers.image.created": "1970-01-01T00:00:01Z" });
      expect({ ...manifest.references[1]?.descriptor.annotations }).toEqual({ ...ofLayer });
    }),
    { numRuns: 40 },
  );
});

test("mutateImage() done twice is done once, whatever the order and the digest algorithm", async () => {
  await fc.assert(
    fc.asyncProperty(map, fc.constantFrom<DigestAlgorithm>("sha256", "sha512"), async (labels, algorithm) => {
      const store = createMemoryStore();
      const image = await imageIn(store, algorithm);
      const once = await mutateImage(store, image, { labels, annotations: labels }, store);
      expect(digestAlgorithm(once.digest)).toBe(algorithm);
      expect(await mutateImage(store, once, { labels: reversed(labels), annotations: reversed(labels) }, store)).toEqual(once);
      expect(await mutateImage(store, image, { annotations: reversed(labels), labels: reversed(labels) }, store)).toEqual(once);
      const gone = Object.fromEntries(Object.keys(labels).map((name) => [name, null]));
      const back = await mutateImage(store, once, { labels: gone, annotations: gone }, store);
      const manifest = decodeManifest(await readAllVerified(await store.fetch(back), back), back.mediaType);
      expect([manifest.annotations, digestAlgorithm(manifest.references[0]?.descriptor.digest ?? image.digest)]).toEqual([
        undefined,
        algorithm,
      ]);
    }),
    { numRuns: 40 },
  );
});

test("editIndex() done twice is done once", async () => {
  await fc.assert(
    fc.asyncProperty(map, async (annotations) => {
      const store = createMemoryStore();
      const image = await imageIn(store, "sha256");
      const index = await createIndex(store, { manifests: [{ descriptor: image }] });
      const changes = { annotations, entryAnnotations: [{ entry: image.digest, annotations }] };
      const once = await editIndex(store, index, changes, store);
      expect(await editIndex(store, once, changes, store)).toEqual(once);
    }),
    { numRuns: 40 },
  );
});

test("parseDocument() and formatDocument() keep every document that Go could have written", () => {
  fc.assert(
    fc.property(fc.dictionary(key, fc.jsonValue({ maxDepth: 4 })), (document) => {
      const written = formatDocument(document);
      expect(formatDocument(parseDocument(written))).toEqual(written);
      expect(JSON.parse(new TextDecoder().decode(written))).toEqual(JSON.parse(JSON.stringify(document)));
    }),
  );
});
