import { describe, expect, test } from "vitest";
import {
  formatChunkRange,
  formatContentRange,
  formatUnsatisfiedRange,
  formatUploadRange,
  parseContentRange,
  parseUnsatisfiedRange,
  parseUploadRange,
} from "./content-range.ts";

describe("parseContentRange()", () => {
  test.each([
    ["0-9", { start: 0, end: 9 }],
    ["bytes 0-9/*", { start: 0, end: 9 }],
    ["Bytes  5-9/10", { start: 5, end: 9, size: 10 }],
    [" 3-3 ", { start: 3, end: 3 }],
  ])("reads %j", (header, wanted) => {
    expect(parseContentRange(header)).toEqual(wanted);
  });

  test("lets start lie behind end, which is another status than bad syntax", () => {
    expect(parseContentRange("9-1")).toEqual({ start: 9, end: 1 });
  });

  test.each([
    "",
    "-",
    "a-b",
    "1",
    "1-",
    "-1",
    "bytes */10",
    "bytes 0-10/10",
    "bytes 0-1/",
    "bytes=0-1",
    "0-1-2",
    "0 - 1",
    "0-99999999999999999999",
    "-1-5",
  ])("refuses %j", (header) => {
    expect(parseContentRange(header)).toBeUndefined();
  });
});

test("formatContentRange() and formatChunkRange() write what parseContentRange() reads", () => {
  expect(formatContentRange({ start: 1, end: 2, size: 3 })).toBe("bytes 1-2/3");
  expect(formatContentRange({ start: 1, end: 2 })).toBe("bytes 1-2/*");
  expect(formatChunkRange({ start: 1, end: 2 })).toBe("1-2");
});

test("the Content-Range of a 416 round-trips", () => {
  expect(parseUnsatisfiedRange(formatUnsatisfiedRange(12))).toBe(12);
  expect(parseUnsatisfiedRange("bytes 0-1/12")).toBeUndefined();
});

test("formatUploadRange() says 0-0 for nothing and for one byte", () => {
  expect([0, 1, 2, 1024].map(formatUploadRange)).toEqual(["0-0", "0-0", "0-1", "0-1023"]);
});

test("parseUploadRange() takes the forms that registries send", () => {
  expect(["0-0", "0-1023", "bytes=0-5", "0--1", "1-5", "x", ""].map(parseUploadRange)).toEqual([
    0,
    1023,
    5,
    -1,
    undefined,
    undefined,
    undefined,
  ]);
});
