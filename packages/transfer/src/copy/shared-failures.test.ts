import { expect, test, vi } from "vitest";
import { settled } from "../manager/manager.test-kit.ts";
import { createTransferManager } from "../manager/transfer-manager.ts";
import { createMemoryStore } from "../memory/memory-store.ts";
import { copy } from "./copy.ts";
import { imageOf, short, startFake } from "./copy.test-kit.ts";

test("[engine/T8] copies of the same content share what is moved, but a copy whose own source is good never fails with another one's", async () => {
  const image = imageOf(1);
  const isAsked = Promise.withResolvers<void>();
  const goodIsThere = Promise.withResolvers<void>();
  const bad = await startFake({
    async answer(request, response) {
      if (request.method !== "GET" || request.url?.includes("/blobs/") !== true) return false;
      isAsked.resolve();
      await goodIsThere.promise;
      response.writeHead(403, { "content-length": "0" }).end();
      return true;
    },
  });
  const good = await startFake();
  for (const registry of [bad, good]) registry.put("a", image, "v1");
  const store = createMemoryStore();
  const manager = createTransferManager();
  const begun = vi.spyOn(manager, "transfer");
  const failing = copy(bad.repository("a"), "v1", store, "bad", { manager });
  const refused = expect(failing).rejects.toMatchObject({ code: "ERR_COPY", origin: "source", cause: { status: 403 } });
  await isAsked.promise;
  const actions: string[] = [];
  const blob = short(image.blobs[1]?.descriptor ?? image.manifest.descriptor);
  const copying = copy(good.repository("a"), "v1", store, "good", {
    manager,
    onEvent: ({ id, action }) => void (id.startsWith(blob) && actions.push(action)),
  });
  while (begun.mock.calls.length < 2 * image.blobs.length) await settled();
  goodIsThere.resolve();
  await refused;
  const { tags, stats } = await copying;
  expect([tags[0]?.digest, stats.copied]).toEqual([image.manifest.digest, 3]);
  expect([bad.count("GET a/blobs"), good.count("GET a/blobs")]).toEqual([2, 2]);
  expect([actions.includes("retrying"), actions.includes("failed"), actions.at(-1)]).toEqual([true, false, "done"]);
});
