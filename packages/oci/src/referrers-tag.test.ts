import { expect, test } from "vitest";
import { parseDigest } from "./digest.ts";
import { referrersTag } from "./referrers-tag.ts";

test("[client/B-36] referrersTag() cuts the digits to 64", () => {
  const hex = "0123456789abcdef".repeat(8);
  expect(referrersTag(parseDigest(`sha256:${hex.slice(0, 64)}`))).toBe(`sha256-${hex.slice(0, 64)}`);
  expect(referrersTag(parseDigest(`sha384:${hex.slice(0, 96)}`))).toBe(`sha384-${hex.slice(0, 64)}`);
  expect(referrersTag(parseDigest(`sha512:${hex}`))).toBe(`sha512-${hex.slice(0, 64)}`);
});
