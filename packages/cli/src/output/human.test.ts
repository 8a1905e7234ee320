import { expect, test } from "vitest";
import { humanAge, humanSeconds, humanSize } from "./human.ts";
import { oneLine, plainText } from "./plain-text.ts";
import { formatFields, formatTable } from "./table.ts";
import { terminalStyle } from "./terminal.ts";
import { fakeIo } from "../testing/fake-io.ts";

test.each([
  [0, "0 B"],
  [999, "999 B"],
  [1000, "1.0 kB"],
  [61_234_567, "61.2 MB"],
  [999_950, "1.0 MB"],
  [123_456_789, "123 MB"],
  [2 ** 50, "1.1 PB"],
])("%d bytes are %s", (bytes, expected) => {
  expect(humanSize(bytes)).toBe(expected);
});

test.each([
  [0.2, "0 s"],
  [59, "59 s"],
  [125, "2 min 5 s"],
  [3725, "1 h 2 min"],
])("%d seconds are %s", (seconds, expected) => {
  expect(humanSeconds(seconds)).toBe(expected);
});

test.each([
  ["2024-05-06T07:08:09Z", "1 year ago"],
  ["2025-11-20T12:00:00Z", "1 day ago"],
  ["2025-11-21T11:58:00Z", "2 minutes ago"],
  ["2025-11-21T12:00:00Z", "just now"],
  ["1970-01-01T00:00:00Z", "no date"],
  ["yesterday", "yesterday"],
])("%s is %s", (moment, expected) => {
  expect(humanAge(moment, Date.parse("2025-11-21T12:00:00Z"))).toBe(expected);
});

test("text of others cannot move the cursor, color the screen or turn the writing round", () => {
  expect(plainText("a\x1b[2Jb\r\u202ec\x9b")).toBe("a\ufffd[2Jb\ufffd\ufffdc\ufffd");
  expect(oneLine(" a\n\tb ")).toBe("a b");
});

test("tables have straight columns, and fields leave out what is not there", () => {
  expect(
    formatTable(
      [
        ["A", "SIZE"],
        ["long", "1"],
        ["x", "12 kB"],
      ],
      { right: [1] },
    ),
  ).toBe("A      SIZE\nlong      1\nx     12 kB\n");
  expect(
    formatFields([
      ["Name", "a"],
      ["Gone", undefined],
      ["Size", "1"],
    ]),
  ).toBe("Name:  a\nSize:  1\n");
});

test("NO_COLOR and TERM=dumb are heeded, and nothing that is no terminal gets bars", () => {
  const { stderr } = fakeIo({ terminal: { columns: 80, rows: 24 } }).io;
  const utf8 = { LANG: "en_US.UTF-8" };
  expect(terminalStyle(stderr, utf8)).toEqual({ canMove: true, hasColor: true, hasUnicode: true });
  expect(terminalStyle(stderr, { ...utf8, NO_COLOR: "1" })).toEqual({ canMove: true, hasColor: false, hasUnicode: true });
  expect(terminalStyle(stderr, { ...utf8, TERM: "dumb" })).toEqual({ canMove: false, hasColor: false, hasUnicode: false });
  expect(terminalStyle(fakeIo().io.stderr, utf8)).toEqual({ canMove: false, hasColor: false, hasUnicode: false });
});
