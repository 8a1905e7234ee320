import { expect, test } from "vitest";
import { type RateWait, RateWatch } from "./rate-watch.ts";

const EVENT = { id: 1, operation: "fetch blob", method: "GET", durationMs: 1 } as const;
const RETRY = { operation: "fetch blob", method: "GET", url: "https://a.test/v2/", retry: 1 } as const;

test("the last limit of each registry is known, that of token servers and stores is not theirs", () => {
  const watch = new RateWatch(() => undefined);
  const { onResponse } = watch.hooksFor("a.test");
  onResponse?.({ ...EVENT, url: "https://a.test/v2/x/manifests/y", rateLimit: { limit: 100, remaining: 7 } });
  onResponse?.({ ...EVENT, url: "https://a.test/token", rateLimit: { limit: 1 } });
  onResponse?.({ ...EVENT, url: "https://a.test/v2/x/blobs/y" });
  watch.hooksFor("b.test").onResponse?.({ ...EVENT, url: "https://b.test/v2/", rateLimit: { remaining: 0 } });
  expect(watch.limits).toEqual([
    { registry: "a.test", limit: 100, remaining: 7 },
    { registry: "b.test", remaining: 0 },
  ]);
});

test("of requests that are refused at once the first is told, and the next one when that wait is over", () => {
  let now = 0;
  const told: RateWait[] = [];
  const watch = new RateWatch(
    (wait) => told.push(wait),
    () => now,
  );
  const { onResponse, onRetry } = watch.hooksFor("a.test");
  const refused = { ...EVENT, url: RETRY.url, status: 429, retryAfterMs: 5000 };
  onResponse?.({ ...refused, retryAfterMs: 3_600_000 }); // nobody waits so long
  onResponse?.(refused);
  onRetry?.({ ...RETRY, status: 429, delayMs: 5000 });
  onResponse?.(refused);
  onRetry?.({ ...RETRY, status: 503, delayMs: 9000 });
  expect(told).toEqual([{ registry: "a.test", status: 429, delayMs: 5000 }]);
  now = 5000;
  onRetry?.({ ...RETRY, status: 429, delayMs: 300 });
  watch.hooksFor("b.test").onResponse?.({ ...refused, retryAfterMs: 1000 });
  expect(told.slice(1)).toEqual([
    { registry: "a.test", status: 429, delayMs: 300 },
    { registry: "b.test", status: 429, delayMs: 1000 },
  ]);
});
