import fc from "fast-check";
import { expect, test } from "vitest";
import { createBackoff } from "./backoff.ts";
import { parseRetryAfter } from "./retry-after.ts";

test("[client/B-65] waits stay within their bounds and grow when nothing is left to chance", () => {
  const options = fc.record({
    initialMs: fc.integer({ min: 1, max: 10_000 }),
    factor: fc.double({ min: 1, max: 10, noNaN: true }),
    minMs: fc.integer({ min: 0, max: 500 }),
    maxMs: fc.integer({ min: 500, max: 100_000 }),
  });
  const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(options, fc.integer({ min: 1, max: 1000 }), chance, (made, retry, random) => {
      const jittered = createBackoff({ ...made, jitter: [-0.1, 0.1] })(retry, () => random);
      expect(jittered).toBeGreaterThanOrEqual(made.minMs);
      expect(jittered).toBeLessThanOrEqual(made.maxMs);
      const plain = createBackoff(made);
      expect(plain(retry + 1, () => random)).toBeGreaterThanOrEqual(plain(retry, () => random));
    }),
  );
});

test("[client/D-5] Retry-After is read from seconds and from dates, and never negative", () => {
  const second = fc.integer({ min: 0, max: 4_000_000_000 });
  fc.assert(
    fc.property(second, second, (now, at) => {
      expect(parseRetryAfter(new Date(at * 1000).toUTCString(), now * 1000)).toBe(Math.max(0, at - now) * 1000);
      expect(parseRetryAfter(` ${at} `, now)).toBe(at * 1000);
    }),
  );
  fc.assert(
    fc.property(fc.string(), (junk) => {
      const parsed = parseRetryAfter(junk, 0);
      if (!/^\s*\d{1,15}\s*$/.test(junk)) expect(parsed).toBeUndefined();
    }),
  );
});

test.each([
  ["Sunday, 06-Nov-94 08:49:37 GMT", 1000],
  ["Sun Nov  6 08:49:37 1994", 1000],
  ["Sun, 06 Nov 1994 08:49:37 GMT", 1000],
  ["Sun, 06 Nov 1994 08:49:37 +0200", undefined],
  ["1994-11-06", undefined],
  ["1.5", undefined],
  ["", undefined],
  [undefined, undefined],
])("[client/D-5] Retry-After %j gives %j", (value, wait) => {
  expect(parseRetryAfter(value, Date.UTC(1994, 10, 6, 8, 49, 36))).toBe(wait);
});
