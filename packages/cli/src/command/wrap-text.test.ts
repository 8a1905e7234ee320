import { expect, test } from "vitest";
import { helpWidthOf, twoColumns, wrapText } from "./wrap-text.ts";

test("help is as wide as the terminal, and not too wide", () => {
  const columns = [20, 40, 80, 200];
  expect(columns.map((one) => helpWidthOf({ isTTY: true, columns: one }))).toEqual([30, 39, 79, 120]);
  expect(helpWidthOf({ columns: 40 })).toBe(120);
});

test("texts break between words", () => {
  expect(wrapText("one two three four", 9)).toEqual(["one two", "three", "four"]);
  expect(wrapText("averyveryverylongword x", 9)).toEqual(["averyveryverylongword", "x"]);
  expect(wrapText("", 9)).toEqual([""]);
});

test("what a name means stands beside it, or below where that is too narrow", () => {
  const rows = [["name", "what it means, in some more words than fit"] as const, ["other", ""] as const];
  expect(twoColumns(rows, 60)).toBe("  name   what it means, in some more words than fit\n  other");
  expect(twoColumns(rows, 40)).toBe("  name   what it means, in some more\n         words than fit\n  other");
  expect(twoColumns(rows, 30)).toBe("  name\n      what it means, in some\n      more words than fit\n  other");
});
