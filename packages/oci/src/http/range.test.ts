import { describe, expect, test } from "vitest";
import { formatRange, parseRange, resolveRange, selectRange } from "./range.ts";

describe("parseRange()", () => {
  test.each([
    ["bytes=0-4", { first: 0, last: 4 }],
    ["bytes=5-", { first: 5 }],
    ["bytes=-3", { suffix: 3 }],
    ["Bytes = 1-2", { first: 1, last: 2 }],
    ["bytes=,0-1,", { first: 0, last: 1 }],
    ["bytes=0-99999999999999999999", { first: 0, last: Number.POSITIVE_INFINITY }],
  ])("reads %j", (header, wanted) => {
    expect(parseRange(header)).toEqual(wanted);
  });

  test.each(["", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=1-2,4-5", "items=0-1", "bytes=0x1-2", "bytes=+1-2", "bytes=1--2"])(
    "ignores %j, so that the whole is sent",
    (header) => {
      expect(parseRange(header)).toBeUndefined();
    },
  );

  test("ignores a header over the length limit", () => {
    expect(parseRange(`bytes=${"0".repeat(20_000)}-1`)).toBeUndefined();
  });
});

describe("resolveRange()", () => {
  test.each([
    [{ first: 0, last: 4 }, 10, { start: 0, end: 4 }],
    [{ first: 5 }, 10, { start: 5, end: 9 }],
    [{ first: 9, last: 100 }, 10, { start: 9, end: 9 }],
    [{ suffix: 3 }, 10, { start: 7, end: 9 }],
    [{ suffix: 30 }, 10, { start: 0, end: 9 }],
    [{ first: 10 }, 10, undefined],
    [{ suffix: 0 }, 10, undefined],
    [{ suffix: 1 }, 0, undefined],
  ])("%j of %i bytes is %j", (spec, size, wanted) => {
    expect(resolveRange(spec, size)).toEqual(wanted);
  });
});

describe("selectRange()", () => {
  const etag = '"sha256:aa"';

  test("tells whole, part and 416 apart", () => {
    expect(selectRange({}, 10)).toEqual({ kind: "whole" });
    expect(selectRange({ range: "bytes=2-3" }, 10)).toEqual({ kind: "partial", range: { start: 2, end: 3 } });
    expect(selectRange({ range: "bytes=10-" }, 10)).toEqual({ kind: "unsatisfiable" });
  });

  test("honours If-Range by strong comparison", () => {
    const range = "bytes=0-0";
    const part = { kind: "partial", range: { start: 0, end: 0 } };
    expect(selectRange({ range, ifRange: etag, etag }, 10)).toEqual(part);
    expect(selectRange({ range, ifRange: '"other"', etag }, 10)).toEqual({ kind: "whole" });
    expect(selectRange({ range, ifRange: `W/${etag}`, etag: `W/${etag}` }, 10)).toEqual({ kind: "whole" });
    const lastModified = "Tue, 15 Nov 1994 12:45:26 GMT";
    expect(selectRange({ range, ifRange: lastModified, lastModified }, 10)).toEqual(part);
    expect(selectRange({ range, ifRange: lastModified }, 10)).toEqual({ kind: "whole" });
  });

  test("sends empty content whole whatever the range", () => {
    expect(selectRange({ range: "bytes=0-100" }, 0)).toEqual({ kind: "whole" });
  });
});

test("formatRange() writes all three forms", () => {
  expect([{ first: 1, last: 2 }, { first: 1 }, { suffix: 4 }].map(formatRange)).toEqual(["bytes=1-2", "bytes=1-", "bytes=-4"]);
});
