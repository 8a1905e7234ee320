import { bytesSource, MEDIA_TYPES, type Pusher } from "@berth/oci";
import { manifestOf } from "@berth/testkit/images";
import { expect, test } from "vitest";
import type { TransferEvent } from "../events.ts";
import { createMemoryStore, type MemoryTarget } from "../memory/memory-store.ts";
import { copy } from "./copy.ts";
import { copyGraph } from "./copy-graph.ts";
import { copyTags } from "./copy-tags.ts";
import { imageOf, indexOf, storeOf, startFake, textBlob } from "./copy.test-kit.ts";

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
  const id = image.blobs[3]?.descriptor.digest.slice(7, 19);
  expect(failed).toEqual([expect.objectContaining({ id, last: true, class: "NotFound", code: "ERR_NOT_FOUND" })]);
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
