import { expect, test } from "vitest";
import { parseAnnotations, parseAnnotationsFile } from "./annotations-file.ts";
import { InvalidPackInputError } from "./errors.ts";
import { parseFileReference } from "./file-reference.ts";
import { currentEpoch, formatEpoch, isTimestamp, parseEpoch } from "./timestamps.ts";

test("parseFileReference() takes what stands behind the last colon for the type", () => {
  expect(parseFileReference("a/b.txt")).toEqual({ path: "a/b.txt", mediaType: undefined });
  expect(parseFileReference("a.txt:text/plain")).toEqual({ path: "a.txt", mediaType: "text/plain" });
  expect(parseFileReference("hi:txt:")).toEqual({ path: "hi:txt", mediaType: undefined });
  expect(parseFileReference("hi:txt:a/b")).toEqual({ path: "hi:txt", mediaType: "a/b" });
  expect(parseFileReference("C:\\a.txt")).toEqual({ path: "C:\\a.txt", mediaType: undefined });
  expect(parseFileReference("C:\\a.txt:a/b")).toEqual({ path: "C:\\a.txt", mediaType: "a/b" });
  expect(parseFileReference("2026-01-01T10:00:00.log")).toEqual({ path: "2026-01-01T10:00:00.log", mediaType: undefined });
  expect(parseFileReference("10:00/a.log:")).toEqual({ path: "10:00/a.log", mediaType: undefined });
  for (const text of ["", ":", ":a/b"]) expect(() => parseFileReference(text)).toThrow(InvalidPackInputError);
});

test("parseAnnotationsFile() tells manifest, config and files apart", () => {
  const file = parseAnnotationsFile('{"$manifest":{"a":"1"},"$config":null,"f.txt":{"__proto__":"x"}}');
  expect(file.manifest).toEqual({ a: "1" });
  expect(file.config).toEqual({});
  expect([...file.files.keys()]).toEqual(["f.txt"]);
  expect(Object.entries(file.files.get("f.txt") ?? {})).toEqual([["__proto__", "x"]]);
  for (const text of ["", "[]", '{"a":1}', '{"a":{"b":1}}', '{"a":{"b":"c"}} x'])
    expect(() => parseAnnotationsFile(text)).toThrow(InvalidPackInputError);
});

test("parseAnnotations() reads key=value", () => {
  expect(parseAnnotations(["a=1", "b=", "c=x=y"])).toEqual({ a: "1", b: "", c: "x=y" });
  for (const pairs of [["a"], ["=b"], ["a=1", "a=2"]]) expect(() => parseAnnotations(pairs)).toThrow(InvalidPackInputError);
});

test("isTimestamp() tells dates and times of RFC 3339", () => {
  for (const good of ["2026-01-02T03:04:05Z", "2024-02-29T23:59:59.123456789+14:00", "0001-01-01T00:00:00Z", "0099-12-31T00:00:00-00:00"])
    expect([good, isTimestamp(good)]).toEqual([good, true]);
  for (const bad of [
    "",
    "2026-01-02",
    "2026-01-02 03:04:05Z",
    "2026-01-02T03:04:05",
    "2026-13-01T00:00:00Z",
    "2026-02-29T00:00:00Z",
    "1900-02-29T00:00:00Z",
    "2026-01-02T24:00:00Z",
    "2026-01-02T03:04:60Z",
    "2026-01-02T03:04:05+25:00",
    "2026-01-02t03:04:05z",
  ])
    expect([bad, isTimestamp(bad)]).toEqual([bad, false]);
});

test("parseEpoch() reads SOURCE_DATE_EPOCH, and formatEpoch() writes it", () => {
  expect([undefined, "", "0", "1767323045"].map(parseEpoch)).toEqual([undefined, undefined, 0, 1_767_323_045]);
  for (const bad of ["-1", "1.5", "now", " 1", "253402300800", "0x10"]) expect(() => parseEpoch(bad)).toThrow(InvalidPackInputError);
  expect(formatEpoch(1_767_323_045)).toBe("2026-01-02T03:04:05Z");
  expect(formatEpoch(253_402_300_799)).toBe("9999-12-31T23:59:59Z");
  expect(isTimestamp(formatEpoch(currentEpoch()))).toBe(true);
  for (const bad of [-1, 0.5, Number.NaN, 253_402_300_800]) expect(() => formatEpoch(bad)).toThrow(RangeError);
});
