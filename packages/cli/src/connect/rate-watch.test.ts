import { expect, test } from "vitest";
import { type RateWait, RateWatch } from "./rate-watch.ts";

const EVENT = { id: 1, operation: "fetch blob", method: "GET", durationMs: 1 } as const;

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
  const { onSlowdown } = watch.hooksFor("a.test");
  const asked: [string, number][] = [];
  watch.onSlowdown = (registry, delayMs) => asked.push([registry, delayMs]);
  const slowdown = { host: "a.test", status: 429, delayMs: 5000 };
  onSlowdown?.(slowdown);
  onSlowdown?.(slowdown);
  expect(told).toEqual([{ registry: "a.test", status: 429, delayMs: 5000 }]);
  now = 5000;
  onSlowdown?.({ ...slowdown, status: 503, delayMs: 300 });
  watch.hooksFor("b.test").onSlowdown?.({ ...slowdown, host: "cdn.test", delayMs: 1000 });
  expect(told.slice(1)).toEqual([
    { registry: "a.test", status: 503, delayMs: 300 },
    { registry: "b.test", status: 429, delayMs: 1000 },
  ]);
  expect(asked).toEqual([
    ["a.test", 5000],
    ["a.test", 5000],
    ["a.test", 300],
    ["b.test", 1000],
  ]);
});
