import { expect, test } from "vitest";
import { parseRateLimit } from "./rate-limit.ts";

test.each([
  [
    { "ratelimit-limit": "100;w=21600", "ratelimit-remaining": "76;w=21600", "docker-ratelimit-source": "192.0.2.1" },
    { limit: 100, remaining: 76, windowSeconds: 21_600, source: "192.0.2.1" },
  ],
  [
    { "ratelimit-limit": "10, 10;w=1, 50;w=60", "ratelimit-remaining": "9", "ratelimit-reset": "5" },
    { limit: 10, remaining: 9, resetSeconds: 5 },
  ],
  [
    { ratelimit: '"default";r=50;t=30', "ratelimit-policy": '"default";q=100;w=60' },
    { limit: 100, remaining: 50, windowSeconds: 60, resetSeconds: 30 },
  ],
  [{ "ratelimit-policy": "60;w=3600" }, { limit: 60, windowSeconds: 3600 }],
  [
    { "x-ratelimit-limit": "5000", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1700000100" },
    { limit: 5000, remaining: 0, resetSeconds: 100 },
  ],
  [{ "ratelimit-limit": ["7", "8"] }, { limit: 7 }],
  [{ "ratelimit-limit": "many;w=-1", "docker-ratelimit-source": "x" }, undefined],
  [{}, undefined],
])("[client/X-8] limits are read from %j", (headers, expected) => {
  expect(parseRateLimit(headers, 1_700_000_000_000)).toEqual(expected);
});
