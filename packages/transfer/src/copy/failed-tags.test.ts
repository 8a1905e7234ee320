import { indexManifest } from "@berth/testkit/images";
import { expect, test } from "vitest";
import { createMemoryStore } from "../memory/memory-store.ts";
import { copyTags } from "./copy-tags.ts";
import { imageOf, startFake } from "./copy.test-kit.ts";
import { gate, started, waitFor } from "./gate.test-kit.ts";

test("of many tags one that fails takes nothing from the others, not even what it was bringing for them", async () => {
  const shared = imageOf(2);
  const lost = imageOf(1, { seed: 9, of: "lost" });
  const asked: string[] = [];
  const held = gate();
  const from = await startFake({
    answer: async (request, response) => {
      const url = request.url ?? "";
      asked.push(url);
      if (!url.includes(`/blobs/${shared.blobs[1]?.descriptor.digest}`)) return false;
      return await held.answer(request, response);
    },
  });
  const index = { manifest: indexManifest([shared.manifest.descriptor, lost.manifest.descriptor]), blobs: [], children: [shared, lost] };
  from.put("a", index, "bad");
  from.put("a", shared, "good");
  for (const { descriptor } of lost.blobs) from.blobs.delete(`a ${descriptor.digest}`);
  const store = createMemoryStore();
  const failed: string[] = [];
  const copying = copyTags(from.repository("a"), ["bad", "good"], store, {
    onTagFailed: (tag, error) => {
      failed.push(`${tag} ${(error as { code: string }).code}`);
      return true;
    },
  });
  await waitFor(() => asked.some((url) => url.includes(`/blobs/${lost.blobs[0]?.descriptor.digest}`)));
  held.open();
  const { tags } = await copying;
  expect(failed).toEqual(["bad ERR_COPY"]);
  expect(tags.map(({ tag }) => tag)).toEqual(["good"]);
  expect(await store.resolve("good")).toMatchObject({ digest: shared.manifest.digest });
});

test("a stop ends a copy of many tags, whatever is to happen when one fails", async () => {
  const held = gate();
  const from = await started(1, held.answer);
  const stop = new AbortController();
  const failed: string[] = [];
  const copying = copyTags(from.repository("a"), ["v1"], createMemoryStore(), {
    signal: stop.signal,
    onTagFailed: (tag) => failed.push(tag) > 0,
  });
  await waitFor(() => held.waiting() > 0);
  stop.abort(new Error("stopped"));
  held.open();
  await expect(copying).rejects.toThrow("stopped");
  expect(failed).toEqual([]);
});
