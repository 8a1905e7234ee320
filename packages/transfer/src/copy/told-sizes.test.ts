import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { temporaryFolder } from "@berth/testkit/temporary-folder";
import { imageManifest, type ImageGraph, indexManifest } from "@berth/testkit/images";
import { expect, test } from "vitest";
import { readImage } from "../image/read-image.ts";
import { validateImage } from "../image/validate-image.ts";
import { openLayout } from "../layout/open-layout.ts";
import { createMemoryStore } from "../memory/memory-store.ts";
import { editIndex } from "../pack/edit-index.ts";
import { chooseImage } from "../platform/choose-image.ts";
import { copy } from "./copy.ts";
import { copyTags } from "./copy-tags.ts";
import { type FakeRegistry, imageOf, startFake, textBlob } from "./copy.test-kit.ts";

/** More than a manifest may have: as Harbor's lists of referrers, which count all that a manifest leads to. */
const WRONG = 99_999_999;
const platform = { os: "linux", architecture: "amd64" };
const image = imageOf(2);
const root: ImageGraph = { manifest: indexManifest([{ ...image.manifest.descriptor, platform }]), blobs: [], children: [image] };
const config = textBlob("{}", "application/vnd.oci.empty.v1+json");
const sbom: ImageGraph = {
  manifest: imageManifest({ subject: root.manifest.descriptor, artifactType: "x/sbom", layers: [config.descriptor] }),
  blobs: [config],
  children: [],
};

/** A registry that has the length of no manifest right but in answers to GET. */
async function startLying(): Promise<FakeRegistry> {
  const registry = await startFake();
  registry.put("a", root, "v1");
  registry.put("a", root, "v2");
  registry.put("a", sbom);
  registry.referrers.set(`a ${root.manifest.digest}`, [{ ...sbom.manifest.descriptor, size: WRONG, artifactType: "x/sbom" }]);
  registry.options = {
    answer({ method, url = "" }, response) {
      const [, repository, reference = ""] = /^\/v2\/(.+)\/manifests\/(.+)$/.exec(url) ?? [];
      const digest = registry.tags.get(`${repository} ${reference}`) ?? reference;
      const found = registry.manifests.get(`${repository} ${digest}`);
      if (method !== "HEAD" || found === undefined) return false;
      response.writeHead(200, { "content-type": found.mediaType, "docker-content-digest": digest, "content-length": WRONG }).end();
      return true;
    },
  };
  return registry;
}

test("[client/B-16] a registry that tells wrong lengths of manifests is copied from, and what is told of the copy is right", async () => {
  const from = await startLying();
  const source = from.repository("a");
  expect((await source.resolve("v1")).size).toBe(WRONG);
  const { descriptor, tags } = await copy(source, "v1", (await startFake()).repository("b"));
  const { digest, size } = root.manifest.descriptor;
  expect([descriptor, tags]).toEqual([root.manifest.descriptor, [{ tag: "v1", digest, size, outcome: "tagged" }]]);
  const memory = createMemoryStore();
  await copy(source, digest, memory, ["one", "two"], { atomic: true });
  expect([await memory.resolve("one"), await memory.resolve("two")]).toEqual([root.manifest.descriptor, root.manifest.descriptor]);
});

test("[client/B-16] the index of a layout has the length that came, under every tag", async () => {
  const folder = await temporaryFolder();
  const layout = await openLayout(folder, { create: true });
  const { tags } = await copyTags((await startLying()).repository("a"), undefined, layout);
  const { size } = root.manifest.descriptor;
  expect(tags.map((one) => [one.tag, one.size])).toEqual([
    ["v1", size],
    ["v2", size],
  ]);
  const index = JSON.parse(await readFile(join(folder, "index.json"), "utf8"));
  expect(index.manifests).toMatchObject([{ size }, { size }]);
  expect((await layout.check()).problems).toEqual([]);
});

test("[client/B-16] referrers whose length was told wrong are copied", async () => {
  const to = await startFake();
  const from = await startLying();
  await copy(from.repository("a"), "v1", to.repository("b"), undefined, { referrers: true });
  expect(to.manifests.get(`b ${sbom.manifest.digest}`)?.bytes).toEqual(sbom.manifest.bytes);
});

test("[client/B-16] an image whose length was told wrong is chosen, read, validated and changed", async () => {
  const source = (await startLying()).repository("a");
  const told = await source.resolve("v1");
  expect(await chooseImage(source, told, platform)).toMatchObject({
    image: { size: image.manifest.descriptor.size },
    index: { size: root.manifest.descriptor.size },
  });
  const single = await source.resolve(image.manifest.digest);
  await expect(readImage(source, single)).rejects.toMatchObject({ code: "ERR_ROOTFS_MISMATCH" }); // it came as far as the config
  expect(await validateImage(source, told, { depth: "digests" })).toMatchObject({ manifests: 2 });
  const memory = createMemoryStore();
  expect(await editIndex(source, told, {}, memory)).toEqual(root.manifest.descriptor);
});

test("what an index says of its entries is held against them", async () => {
  const [from, memory] = [await startFake(), createMemoryStore()];
  const wrong = { ...image.manifest.descriptor, size: image.manifest.descriptor.size + 1 };
  const index: ImageGraph = { manifest: indexManifest([wrong]), blobs: [], children: [image] };
  from.put("a", index, "v1");
  await expect(copy(from.repository("a"), "v1", memory)).rejects.toMatchObject({ code: "ERR_COPY", cause: { code: "ERR_SIZE_MISMATCH" } });
  const { problems } = await validateImage(from.repository("a"), index.manifest.descriptor, { depth: "digests" });
  expect(problems).toMatchObject([{ path: "manifests[0]", error: { code: "ERR_SIZE_MISMATCH" } }]);
});
