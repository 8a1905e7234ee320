import { expect, test } from "vitest";
import { MEDIA_TYPES } from "../media-types.ts";
import { acceptQuality, accepts, MAX_MEDIA_RANGES, namesMediaType, parseAccept } from "./accept.ts";

test.each([
  [undefined, true],
  ["", true],
  ["*/*", true],
  ["application/*", true],
  [MEDIA_TYPES.ociManifest, true],
  [MEDIA_TYPES.ociManifest.toUpperCase(), true],
  [`text/html, ${MEDIA_TYPES.ociManifest};q=0.5`, true],
  [["text/html", MEDIA_TYPES.ociManifest], true],
  ["text/*", false],
  [MEDIA_TYPES.dockerManifest, false],
  [`*/*, ${MEDIA_TYPES.ociManifest};q=0`, false],
])("accepts(%j)", (fields, wanted) => {
  expect(accepts(fields, MEDIA_TYPES.ociManifest)).toBe(wanted);
});

test("the most specific range decides", () => {
  const ranges = parseAccept('*/*;q=0.1, application/*;q=0.2, application/a ; x="1,2" ; q=0.3');
  expect(["application/a", "application/b", "text/x"].map((type) => acceptQuality(ranges, type))).toEqual([0.3, 0.2, 0.1]);
});

test("parseAccept() leaves out what is malformed", () => {
  expect(parseAccept("a, a/, /b, a/b;q=2, a/b;q=x, a/b c, c/d").map((range) => range.mediaRange)).toEqual(["c/d"]);
});

test("namesMediaType() does not count wildcards", () => {
  expect(namesMediaType(parseAccept("*/*, application/*"), MEDIA_TYPES.dockerManifest)).toBe(false);
  expect(namesMediaType(parseAccept(MEDIA_TYPES.dockerManifest), MEDIA_TYPES.dockerManifest)).toBe(true);
});

test("parseAccept() stops at the limit", () => {
  expect(parseAccept(Array.from({ length: 1000 }, () => "a/b").join(","))).toHaveLength(MAX_MEDIA_RANGES);
});
