import { type Descriptor, MEDIA_TYPES } from "@berth/oci";
import { imageManifest, type ImageGraph } from "@berth/testkit/images";
import { expect, test } from "vitest";
import { createMemoryStore } from "../memory/memory-store.ts";
import { copy } from "./copy.ts";
import { copyGraph } from "./copy-graph.ts";
import { fill, imageOf, startFake, textBlob } from "./copy.test-kit.ts";

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
