import type { Clock, SlowdownEvent } from "@berth/client";
import { expect, test } from "vitest";
import { imageOf, startFake } from "../copy/copy.test-kit.ts";
import { createTransferManager } from "../manager/transfer-manager.ts";
import { engineError, engineWith } from "./engine.test-kit.ts";

/** A clock whose waits are over when their signal says so, and no sooner. */
const patient: Clock = {
  now: () => 0,
  sleep: async (_, signal) => {
    const { promise, reject } = Promise.withResolvers<never>();
    signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
    return await promise;
  },
};

test("[engine/T10] a registry that asks to slow down, and is waited for by the client, keeps nobody from the others", async () => {
  const slow = await startFake({
    answer: ({ url = "" }, response) => {
      if (!url.includes("/blobs/")) return false;
      response.writeHead(429, { "retry-after": "30" }).end();
      return true;
    },
  });
  const quick = await startFake();
  slow.put("a", imageOf(8), "v1");
  quick.put("a", imageOf(8, { seed: 2 }), "v1");
  const told: SlowdownEvent[] = [];
  const manager = createTransferManager({ downloads: 3 });
  const engine = engineWith({ manager, connection: { retry: { clock: patient, onSlowdown: (event) => told.push(event) } } });
  const stop = new AbortController();
  const waiting = engine.pull(`${slow.host}/a:v1`, { signal: stop.signal });
  const waitingError = engineError(waiting);
  await expect.poll(() => manager.hostLimit(slow.host)).toBe(1);
  expect(await engine.pull(`${quick.host}/a:v1`)).toMatchObject([{ outcome: "updated" }]);
  const asked = slow.count("GET a/blobs");
  expect(asked).toBeLessThanOrEqual(3);
  expect(told).toEqual(Array.from({ length: asked }, () => ({ host: slow.host, delayMs: 30_000, status: 429 })));
  stop.abort();
  expect(await waitingError).toMatchObject({ class: "Canceled" });
});
