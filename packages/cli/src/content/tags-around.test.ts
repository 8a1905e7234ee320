import { bytesSource, type Descriptor, MEDIA_TYPES } from "@berth/oci";
import { descriptorOf } from "@berth/oci/node";
import { createMemoryStore, type MemoryTarget } from "@berth/transfer";
import { parseLocation } from "@berth/transfer/location";
import { expect, test } from "vitest";
import type { Place } from "../connect/place.ts";
import { pushImage, pushIndex } from "../testing/registry.ts";
import { type AroundLimits, type TagsAround, tagsAround } from "./tags-around.ts";

const lookAt = async (target: Place["target"], { digest }: Descriptor, limits?: AroundLimits): Promise<TagsAround> =>
  await tagsAround(
    {
      location: parseLocation("oci:there"),
      name: "oci:there",
      reference: digest,
      target,
      repository: undefined,
      describe: (reference = "") => `oci:there:${reference}`,
      close: async () => undefined,
    },
    digest,
    {},
    limits,
  );

async function storeWithImage(): Promise<{ readonly store: MemoryTarget; readonly image: Descriptor }> {
  const store = createMemoryStore();
  return { store, image: (await pushImage(store, { tags: ["own"] })).manifest };
}

/** An index of indexes, the last of which lists an image. */
async function nested(store: MemoryTarget, tag: string, depth: number, image: Descriptor): Promise<void> {
  let inner = await pushIndex(store, `${tag}-inner`, [["linux/amd64", image]]);
  await store.untag(`${tag}-inner`);
  for (let level = 1; level < depth; level++) {
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests: [inner] }));
    inner = descriptorOf(MEDIA_TYPES.ociIndex, bytes);
    await store.push(inner, bytesSource(bytes));
  }
  await store.tag(inner, tag);
}

test("tags of a manifest and of indexes that list it, at any depth that is looked into, are all that there are", async () => {
  const { store, image } = await storeWithImage();
  const other = (await pushImage(store, { tags: ["other"], content: "other" })).manifest;
  await pushIndex(store, "multi", [["linux/amd64", image]]);
  await pushIndex(store, "without", [["linux/amd64", other]]);
  await nested(store, "deep", 4, image);
  expect(await lookAt(store, image)).toEqual({ tags: ["own"], indexes: ["deep", "multi"], hasAllTags: true, unseen: undefined });
});

test("indexes deeper than is looked into may list it", async () => {
  const { store, image } = await storeWithImage();
  await nested(store, "deep", 5, image);
  const unseen = "there are indexes within more than 4 indexes";
  expect(await lookAt(store, image)).toEqual({ tags: ["own"], indexes: [], hasAllTags: true, unseen });
});

test("an index that cannot be read may list it", async () => {
  const { store, image } = await storeWithImage();
  const index = await pushIndex(store, "multi", [["linux/amd64", image]]);
  const sparse: Place["target"] = {
    resolve: store.resolve.bind(store),
    tags: store.tags.bind(store),
    fetch: async (descriptor, options) => await store.fetch(descriptor.digest === index.digest ? missing : descriptor, options),
  };
  expect(await lookAt(sparse, image)).toEqual({ tags: ["own"], indexes: [], hasAllTags: true, unseen: "an index is not there" });
});

const missing = descriptorOf(MEDIA_TYPES.ociIndex, Buffer.from("nowhere"));

test("more indexes than are read may list it; tags of the same one count once", async () => {
  const { store, image } = await storeWithImage();
  const other = (await pushImage(store, { content: "other" })).manifest;
  for (let at = 0; at < 10; at++) await pushIndex(store, `multi-${at}`, [[`linux/a${at}`, other]]);
  await store.tag(await store.resolve("multi-0"), "multi-again");
  expect(await lookAt(store, image, { indexes: 10 })).toMatchObject({ tags: ["own"], unseen: undefined });
  await pushIndex(store, "one-more", [["linux/amd64", image]]);
  const unseen = "there are more than 10 indexes";
  expect(await lookAt(store, image, { indexes: 10 })).toEqual({ tags: ["own"], indexes: [], hasAllTags: true, unseen });
  expect(await lookAt(store, image)).toEqual({ tags: ["own"], indexes: ["one-more"], hasAllTags: true, unseen: undefined });
});

test("more tags than are looked up may name it; where none can be listed it is the one that is known", async () => {
  const { store, image } = await storeWithImage();
  await store.tag(image, "too");
  const unseen = "there are more than 1 tags";
  expect(await lookAt(store, image, { tags: 1 })).toEqual({ tags: ["own"], indexes: [], hasAllTags: false, unseen });
  const blind: Place["target"] = { resolve: store.resolve.bind(store), fetch: store.fetch.bind(store) };
  expect(await lookAt(blind, image)).toEqual({ tags: [], indexes: [], hasAllTags: false, unseen: "its tags cannot be listed" });
});

test("an index of a hundred is looked into, too, and each only once", async () => {
  const { store, image } = await storeWithImage();
  const other = (await pushImage(store, { content: "other" })).manifest;
  for (let at = 0; at < 150; at++) await pushIndex(store, `m-${at}`, [[`linux/a${at}`, at === 120 ? image : other]]);
  expect(await lookAt(store, image)).toMatchObject({ indexes: ["m-120"], unseen: undefined });
});
