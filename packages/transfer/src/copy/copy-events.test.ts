import { indexManifest, manifestOf } from "@berth/testkit/images";
import { expect, test } from "vitest";
import type { TransferEvent } from "../events.ts";
import { createTransferManager } from "../manager/transfer-manager.ts";
import { createMemoryStore } from "../memory/memory-store.ts";
import { copy } from "./copy.ts";
import { imageOf, startFake } from "./copy.test-kit.ts";

test("[engine/T30] content that fails tells how far it came; only a new try begins again", async () => {
  const image = imageOf(1, { size: 1_000_000 });
  const layer = image.blobs[1];
  const bytes = layer?.bytes ?? Buffer.alloc(0);
  let cut = (): unknown => undefined;
  const from = await startFake({
    answer(request, response) {
      if (request.method !== "GET" || request.url?.endsWith(`/blobs/${layer?.descriptor.digest}`) !== true) return false;
      response.writeHead(200, { "content-length": String(bytes.byteLength) });
      response.write(bytes.subarray(0, 500_000));
      cut = () => response.destroy();
      return true;
    },
  });
  from.put("a", image, "v1");
  const events: TransferEvent[] = [];
  const copying = copy(from.repository("a", { retry: false, downloadRetries: 0 }), "v1", createMemoryStore(), undefined, {
    manager: createTransferManager({ backoff: () => 0, attempts: 2 }),
    onEvent(event) {
      if (layer?.descriptor.digest.startsWith(`sha256:${event.id}`) !== true) return;
      events.push(event);
      if (event.action === "downloading") cut();
    },
  });
  await expect(copying).rejects.toMatchObject({ code: "ERR_TRANSFER_FAILED" });
  const told = events.filter(({ action }) => action === "retrying" || action === "failed");
  expect(told).toMatchObject([
    { action: "retrying", current: 0, last: false },
    { action: "failed", last: true },
  ]);
  expect(told[1]?.current).toBeGreaterThan(0);
  const backwards = events.filter(({ action, current }, at) => action !== "retrying" && current < (events[at - 1]?.current ?? 0));
  expect(backwards).toEqual([]);
  expect(events.at(-1)).toBe(told[1]);
});

test("[engine/T18] of a child of a type nobody knows, which stands among the manifests, one end is told, and it is counted once", async () => {
  const odd = manifestOf({ hello: "world" }, "application/vnd.example.odd+json");
  const index = indexManifest([odd.descriptor]);
  const [from, to] = [await startFake(), await startFake()];
  from.put("a", { manifest: index, blobs: [], children: [{ manifest: odd, blobs: [], children: [] }] }, "v1");
  const events: TransferEvent[] = [];
  const { stats } = await copy(from.repository("a"), "v1", to.repository("b"), undefined, {
    onEvent: (event) => void (odd.digest.startsWith(`sha256:${event.id}`) && events.push(event)),
  });
  expect(events).toMatchObject([{ action: "done", current: odd.descriptor.size, moved: odd.descriptor.size, last: true }]);
  expect([stats.copied, stats.bytes]).toEqual([2, odd.descriptor.size + index.descriptor.size]);

  from.manifests.delete(`a ${odd.digest}`);
  events.length = 0;
  const again = copy(from.repository("a"), "v1", to.repository("c"), undefined, {
    onEvent: (event) => void (odd.digest.startsWith(`sha256:${event.id}`) && events.push(event)),
  });
  await expect(again).rejects.toMatchObject({ code: "ERR_SPARSE_INDEX" });
  expect(events).toMatchObject([{ action: "failed", last: true }]);
});
