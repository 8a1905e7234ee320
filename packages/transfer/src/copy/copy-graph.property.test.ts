import { type Descriptor, type Pusher, successorsOf, decodeManifest, isManifestMediaType } from "@berth/oci";
import { imageManifest, type ImageGraph, indexManifest } from "@berth/testkit/images";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createMemoryStore, type MemoryTarget } from "../memory/memory-store.ts";
import { copyGraph } from "./copy-graph.ts";
import { fill, textBlob } from "./copy.test-kit.ts";

/** A graph that shares blobs and children freely: images of a few blobs, indexes of what was made before. */
const graphs: fc.Arbitrary<ImageGraph> = fc
  .array(fc.tuple(fc.boolean(), fc.array(fc.nat(7), { maxLength: 4 })), { minLength: 1, maxLength: 8 })
  .map((rows) => {
    const made: ImageGraph[] = [];
    for (const [isIndex, parts] of rows) {
      const children = [...new Set(parts)].flatMap((at) => made[at] ?? []);
      if (isIndex && children.length > 0) {
        made.push({ manifest: indexManifest(children.map(({ manifest }) => manifest.descriptor)), blobs: [], children });
        continue;
      }
      const blobs = parts.map((part) => textBlob(`blob ${part}`));
      const config = textBlob(`config ${parts.join()}`);
      const manifest = imageManifest({ config: config.descriptor, layers: blobs.map(({ descriptor }) => descriptor) });
      made.push({ manifest, blobs: [config, ...blobs], children: [] });
    }
    return { manifest: indexManifest(made.map(({ manifest }) => manifest.descriptor)), blobs: [], children: made };
  })
  .filter(({ children }) => children.length > 0);

/** Refuses what is not whole, and what comes twice. */
function strict(store: MemoryTarget): Pusher & { readonly pushes: () => number } {
  let pushes = 0;
  const seen = new Set<string>();
  return {
    pushes: () => pushes,
    exists: (target, options) => store.exists(target, options),
    async push(expected: Descriptor, content, options) {
      pushes++;
      expect(seen.has(expected.digest)).toBe(false);
      seen.add(expected.digest);
      const chunks: Uint8Array[] = [];
      for await (const chunk of content) chunks.push(chunk);
      const bytes = Buffer.concat(chunks);
      if (isManifestMediaType(expected.mediaType)) {
        for (const child of successorsOf(decodeManifest(bytes, expected.mediaType))) expect(await store.exists(child)).toBe(true);
      }
      await store.push(
        expected,
        {
          async *[Symbol.asyncIterator]() {
            yield bytes;
          },
        },
        options,
      );
    },
  };
}

test("a copy of any graph pushes what is below before what is above, everything once, and nothing the second time", async () => {
  await fc.assert(
    fc.asyncProperty(graphs, fc.integer({ min: 1, max: 5 }), async (graph, concurrency) => {
      const source = createMemoryStore();
      await fill(source, graph);
      const store = createMemoryStore();
      const to = strict(store);
      await copyGraph(source, graph.manifest.descriptor, to, { concurrency });
      expect(store.bytes).toBe(source.bytes);
      const before = to.pushes();
      await copyGraph(source, graph.manifest.descriptor, to, { recheck: true });
      expect(to.pushes()).toBe(before);
    }),
    { numRuns: 50 },
  );
});
