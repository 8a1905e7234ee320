import { expect, test } from "vitest";
import { digestAlgorithm, digestEncoded, formatDigest, isDigest, parseDigest } from "./digest.ts";
import { InvalidDigestError } from "./errors.ts";

test.each([
  ["sha256", 64],
  ["sha384", 96],
  ["sha512", 128],
] as const)("[server/F1] parseDigest() takes %s of %i digits", (algorithm, length) => {
  const digest = parseDigest(`${algorithm}:${"0a".repeat(length / 2)}`);
  expect(digestAlgorithm(digest)).toBe(algorithm);
  expect(formatDigest(algorithm, digestEncoded(digest))).toBe(digest);
  expect(isDigest(`${digest}0`)).toBe(false);
});

test.each([
  ["", "expected algorithm:encoded"],
  ["sha256", "expected algorithm:encoded"],
  ["sha256:abc", "expected 64 hex digits, got 3"],
  [`sha256:${"A".repeat(64)}`, "expected lower-case hex digits"],
  [`sha256:${"g".repeat(64)}`, "expected lower-case hex digits"],
  [`md5:${"a".repeat(32)}`, 'unsupported algorithm "md5", expected one of sha256, sha384, sha512'],
  ["md5:abc", 'unsupported algorithm "md5", expected one of sha256, sha384, sha512'],
  [`SHA256:${"a".repeat(64)}`, 'unsupported algorithm "SHA256", expected one of sha256, sha384, sha512'],
  [":abc", "expected algorithm:encoded"],
  [`a.b+c-d_e:${"a".repeat(32)}`, 'unsupported algorithm "a.b+c-d_e"'],
  [`sha256 :${"a".repeat(64)}`, "expected algorithm:encoded"],
  [`../..:${"a".repeat(64)}`, "expected algorithm:encoded"],
  [`a${"-a".repeat(5000)}`, "expected algorithm:encoded"],
])("[server/F1] parseDigest(%j) says %s", (input, reason) => {
  expect(() => parseDigest(input)).toThrow(InvalidDigestError);
  expect(() => parseDigest(input)).toThrow(reason);
});
