import { bytesSource, MEDIA_TYPES } from "@berth/oci";
import { descriptorOf } from "@berth/oci/node";
import { type BlobFixture, blobFixture, EMPTY_JSON, imageManifest, indexManifest } from "@berth/testkit/images";
import { expect, test } from "vitest";
import { describeTarget } from "../testing/target-contract.test-kit.ts";
import { createMemoryStore } from "./memory-store.ts";

describeTarget("memory", { create: () => ({ target: createMemoryStore() }) });

const blob = (content: string): BlobFixture => blobFixture("text/plain", Buffer.from(content));
const image = imageManifest();

test("createMemoryStore() keeps its limit, over pushes at the same time too", async () => {
  const store = createMemoryStore({ maxBytes: 10 });
  const [one, two, three] = [blob("12345"), blob("abcdef"), blob("54321")];
  await store.push(one.descriptor, bytesSource(one.bytes));
  const pushes = [two, three].map(async ({ descriptor, bytes }) => await store.push(descriptor, bytesSource(bytes)));
  expect(await Promise.allSettled(pushes)).toMatchObject([{ reason: { code: "ERR_LIMIT_EXCEEDED", limit: 10 } }, { status: "fulfilled" }]);
  expect(store.bytes).toBe(10);
  await store.delete(one.descriptor);
  expect(store.bytes).toBe(5);
  await Promise.all(
    [one, one, one].map(async ({ descriptor, bytes }) => await store.push(descriptor, bytesSource(bytes)).catch(() => undefined)),
  );
  expect(store.bytes).toBe(10);
});

test("a push that fails gives its room back", async () => {
  const store = createMemoryStore({ maxBytes: 5 });
  const { descriptor, bytes } = blob("12345");
  await expect(store.push(descriptor, bytesSource("54321"))).rejects.toMatchObject({ code: "ERR_DIGEST_MISMATCH" });
  const bad = blobFixture(MEDIA_TYPES.ociManifest, Buffer.from("[1,2]"));
  await expect(store.push(bad.descriptor, bytesSource(bad.bytes))).rejects.toMatchObject({ code: "ERR_INVALID_MANIFEST" });
  await store.push(descriptor, bytesSource(bytes));
  expect(store.bytes).toBe(5);
});

test("limits of manifests hold", async () => {
  const store = createMemoryStore({ maxManifestBytes: image.bytes.byteLength, maxManifests: 1 });
  const longer = imageManifest({ annotations: { a: "b" } });
  await expect(store.push(longer.descriptor, bytesSource(longer.bytes))).rejects.toMatchObject({ code: "ERR_LIMIT_EXCEEDED" });
  await store.push(image.descriptor, bytesSource(image.bytes));
  const another = indexManifest([]);
  await expect(store.push(another.descriptor, bytesSource(another.bytes))).rejects.toMatchObject({ code: "ERR_LIMIT_EXCEEDED" });
});

test("what came as a blob can turn out to be a manifest", async () => {
  const store = createMemoryStore();
  await store.push({ ...image.descriptor, mediaType: "application/octet-stream" }, bytesSource(image.bytes));
  const config = descriptorOf(MEDIA_TYPES.ociEmpty, EMPTY_JSON);
  expect(await store.predecessors(config)).toEqual([]);
  await store.push(image.descriptor, bytesSource(image.bytes));
  expect(await store.predecessors(config)).toEqual([image.descriptor]);
  expect((await store.resolve(image.digest)).mediaType).toBe(image.mediaType);
});

test("no name means the only one", async () => {
  const store = createMemoryStore();
  await expect(store.resolve("")).rejects.toMatchObject({ code: "ERR_NOT_FOUND" });
  await store.push(image.descriptor, bytesSource(image.bytes));
  await store.tag({ ...image.descriptor, annotations: { k: "v", "org.opencontainers.image.ref.name": "x" } }, "v1");
  expect(await store.resolve("")).toEqual({ ...image.descriptor, annotations: { k: "v" } });
  await store.tag(image.descriptor, "v2");
  await expect(store.resolve("")).rejects.toMatchObject({ code: "ERR_NOT_FOUND" });
});
