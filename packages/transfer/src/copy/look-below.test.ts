import { readFile, rm, truncate } from "node:fs/promises";
import { join } from "node:path";
import { type Descriptor, MEDIA_TYPES, type Platform } from "@berth/oci";
import { type ImageGraph, indexManifest } from "@berth/testkit/images";
import { temporaryFolder } from "@berth/testkit/temporary-folder";
import { beforeEach, expect, test } from "vitest";
import { openLayout } from "../layout/open-layout.ts";
import { createMemoryStore, type MemoryTarget } from "../memory/memory-store.ts";
import { copy } from "./copy.ts";
import { copyTags } from "./copy-tags.ts";
import { type FakeRegistry, fill, imageOf, short, startFake } from "./copy.test-kit.ts";

const AMD64: Platform = { os: "linux", architecture: "amd64" };
const ARM64: Platform = { os: "linux", architecture: "arm64" };
const S390X: Platform = { os: "linux", architecture: "s390x" };

const [amd64, arm64] = [imageOf(1), imageOf(1, { seed: 2 })];
const entry = ({ manifest }: ImageGraph, platform: Platform): Descriptor => ({ ...manifest.descriptor, platform });
const index = { manifest: indexManifest([entry(amd64, AMD64), entry(arm64, ARM64)]), blobs: [], children: [amd64, arm64] };
const root = index.manifest.descriptor;

let whole: MemoryTarget;

beforeEach(async () => {
  whole = createMemoryStore();
  await fill(whole, index);
  await whole.tag(root, "v1");
});

/** What a place has of the index and of what is below it. */
async function whatIsMissing(place: Pick<MemoryTarget, "exists">): Promise<readonly string[]> {
  const all = [index, amd64, arm64].flatMap(({ manifest, blobs }) => [manifest, ...blobs].map(({ descriptor }) => descriptor));
  const found = await Promise.all(all.map(async (one) => await place.exists(one)));
  return all.filter((_, at) => !found[at]).map(({ digest }) => digest);
}

/** A registry that has the index, and the image for one platform. */
async function startSparse(tag?: string): Promise<FakeRegistry> {
  const registry = await startFake();
  registry.put("b", amd64);
  registry.putManifest("b", index.manifest, tag);
  return registry;
}

test.each([["a layout"], ["memory"]])(
  "a whole copy over one in part brings the rest, under the same tag and another one: %s",
  async (into) => {
    const folder = await temporaryFolder("sparse");
    for (const [n, part] of [{ platforms: [ARM64] }, { platforms: [] }, { platforms: [AMD64] }].entries()) {
      for (const tag of ["v1", "v2"]) {
        const to = into === "memory" ? createMemoryStore() : await openLayout(join(folder, `${n}${tag}`), { create: true });
        await copy(whole, "v1", to, "v1", part);
        expect(await whatIsMissing(to)).not.toEqual([]);
        const { tags } = await copy(whole, "v1", to, tag);
        expect(await whatIsMissing(to)).toEqual([]);
        const brought = part.platforms.length === 0 ? 6 : 3;
        expect(tags).toEqual([
          {
            tag,
            digest: root.digest,
            size: root.size,
            ...(tag === "v1" ? { outcome: "unchanged", copied: brought } : { outcome: "tagged" }),
          },
        ]);
        expect((await copyTags(whole, ["v1"], to)).tags).toEqual([
          { tag: "v1", digest: root.digest, size: root.size, outcome: "unchanged" },
        ]);
      }
    }
  },
);

test("content that a layout lost, or has cut short, comes again with the next copy", async () => {
  const folder = await temporaryFolder("lossy");
  const to = await openLayout(folder, { create: true });
  await copy(whole, "v1", to);
  const file = ({ digest }: Descriptor): string => join(folder, "blobs", ...digest.split(":"));
  const [config, layer] = arm64.blobs.map(({ descriptor }) => descriptor);
  if (config === undefined || layer === undefined) throw new Error("Cannot find blobs of the image");
  const breaks: readonly (() => Promise<void>)[] = [
    async () => await rm(file(layer)),
    async () => await truncate(file(config), 3),
    async () => await rm(file(arm64.manifest.descriptor)),
    async () => await rm(file(root)),
  ];
  for (const lose of breaks) {
    await lose();
    const missing = await whatIsMissing(await openLayout(folder));
    expect(missing).not.toEqual([]);
    const { tags } = await copy(whole, "v1", await openLayout(folder));
    expect(tags).toMatchObject([{ outcome: "unchanged", copied: missing.length }]);
    expect(await whatIsMissing(await openLayout(folder))).toEqual([]);
    const { manifests } = JSON.parse(await readFile(join(folder, "index.json"), "utf8")) as { readonly manifests: readonly Descriptor[] };
    expect(manifests.map(({ digest }) => digest)).toEqual([root.digest]);
  }
});

test("looking below what a layout has asks the source for the tag alone", async () => {
  const from = await startFake();
  from.put("a", index, "v1");
  const to = await openLayout(await temporaryFolder("quiet"), { create: true });
  await copy(whole, "v1", to);
  await copy(from.repository("a"), "v1", to);
  expect(from.journal).toEqual(["HEAD a/manifests/v1"]);
});

test("a registry is asked for the images that are chosen, also where it has their index, and of the source only the tag", async () => {
  const [from, to] = [await startFake(), await startSparse("v1")];
  from.put("a", index, "v1");
  const { tags } = await copy(from.repository("a"), "v1", to.repository("b"), undefined, { platforms: [AMD64] });
  expect(from.journal).toEqual(["HEAD a/manifests/v1"]);
  expect(to.journal).toEqual(["HEAD b/manifests/v1", `GET b/manifests/${short(root)}`, `HEAD b/manifests/${short(amd64.manifest)}`]);
  expect(tags).toMatchObject([{ outcome: "unchanged" }]);
  const widened = await copy(from.repository("a"), "v1", to.repository("b"), undefined, { platforms: [AMD64, ARM64] });
  expect(widened.tags).toMatchObject([{ outcome: "unchanged", copied: 3 }]);
  expect(to.manifests.has(`b ${arm64.manifest.digest}`)).toBe(true);
});

test.each([[{}], [{ atomic: true }]])("a registry is asked for all images of an index that is to get another tag: %j", async (options) => {
  const to = await startSparse("v1");
  await copy(whole, "v1", to.repository("b"), "v2", options);
  expect([to.tags.get("b v2"), to.manifests.has(`b ${arm64.manifest.digest}`)]).toEqual([root.digest, true]);
});

test("a registry's index that has its tag is trusted to be whole, unless everything is to be looked at", async () => {
  const to = await startSparse("v1");
  expect((await copy(whole, "v1", to.repository("b"))).tags).toMatchObject([{ outcome: "unchanged" }]);
  expect([to.journal, to.manifests.has(`b ${arm64.manifest.digest}`)]).toEqual([["HEAD b/manifests/v1"], false]);
  const { tags } = await copy(whole, "v1", to.repository("b"), undefined, { recheck: true });
  expect([tags[0]?.copied, to.manifests.has(`b ${arm64.manifest.digest}`)]).toEqual([3, true]);
});

test("referrers that came for a tag that is unchanged are counted with it", async () => {
  const store = createMemoryStore();
  await fill(store, amd64);
  await store.tag(amd64.manifest.descriptor, "v1");
  const to = createMemoryStore();
  await copy(store, "v1", to);
  const sbom = indexManifest([], { subject: amd64.manifest.descriptor, artifactType: "application/spdx+json" });
  await fill(store, { manifest: sbom, blobs: [], children: [] });
  expect((await copy(store, "v1", to, undefined, { referrers: true })).tags).toMatchObject([{ outcome: "unchanged", copied: 1 }]);
});

test("a platform that an index has no image for is an error that names those it has, and nothing is copied", async () => {
  for (const platforms of [[S390X], [AMD64, S390X]]) {
    const to = createMemoryStore();
    await expect(copy(whole, "v1", to, undefined, { platforms })).rejects.toMatchObject({
      code: "ERR_COPY",
      origin: "source",
      message: "Cannot find image for linux/s390x: there are images for linux/amd64, linux/arm64",
      cause: { platform: "linux/s390x", available: ["linux/amd64", "linux/arm64"] },
    });
    expect(await to.exists(root)).toBe(false);
  }
});

test("who wants to be told of platforms that an index has no image for gets the others; none at all is an error", async () => {
  const missing: string[] = [];
  const onPlatformMissing = ({ digest }: Descriptor, { architecture }: Platform): void => void missing.push(`${digest} ${architecture}`);
  const to = createMemoryStore();
  await copy(whole, "v1", to, undefined, { platforms: [S390X, AMD64], onPlatformMissing });
  expect([missing, await to.exists(amd64.manifest.descriptor)]).toEqual([[`${root.digest} s390x`], true]);
  await expect(copy(whole, "v1", to, undefined, { platforms: [S390X], onPlatformMissing })).rejects.toThrow("linux/s390x");
});

test("an index below or beside what is copied need not have images for the platforms", async () => {
  const inner = { manifest: indexManifest([entry(imageOf(0), S390X)]), blobs: [], children: [] };
  const outer = {
    manifest: indexManifest([entry(amd64, AMD64), { ...inner.manifest.descriptor, platform: AMD64 }]),
    blobs: [],
    children: [amd64],
  };
  const store = createMemoryStore();
  for (const graph of [inner, outer]) await fill(store, graph);
  await store.tag(outer.manifest.descriptor, "v1");
  const to = createMemoryStore();
  await copy(store, "v1", to, undefined, { platforms: [AMD64] });
  expect(await to.exists({ ...inner.manifest.descriptor, mediaType: MEDIA_TYPES.ociIndex })).toBe(true);
});
