import { expect, test } from "vitest";
import { formatWarning, formatWarnings, MAX_WARNINGS_LENGTH, parseWarning } from "./warning.ts";

test.each([
  ['299 - "t"', "t"],
  ['299 - " "', " "],
  ['299 - "a\\"b\\\\c\\n\\x41\\u00e9\\U0001F600\\101"', 'a"b\\c\nAé😀A'],
])("parseWarning() reads %j", (value, text) => {
  expect(parseWarning(value)).toEqual({ code: 299, agent: "-", text });
});

test.each([
  '199 - "t"',
  '299 h:5000 "t"',
  '299  - "t"',
  ' 299 - "t"',
  '299 - "t" "date"',
  '299 - ""',
  "299 - 't'",
  "299 - t",
  '299 - "t" ',
  '299 - "',
  '299 - "a"b"',
  '299 - "\\q"',
  '299 - "\\x4"',
  '299 - "\\ud800"',
  '299 - "\\U00110000"',
  '299 - "\\777"',
  '299 - "\\"',
  '299 - "a\nb"',
  "",
])("parseWarning() ignores %j", (value) => {
  expect(parseWarning(value)).toBeUndefined();
});

test("formatWarning() quotes, and every text comes back", () => {
  for (const text of ["plain", 'say "hi" \\ bye', "é😀\r\n\t"]) {
    const value = formatWarning(text);
    expect(value).toMatch(/^299 - "[\x20-\x7e]*"$/);
    expect(parseWarning(value)?.text).toBe(text);
  }
});

test("formatWarnings() stays within 4096 characters together", () => {
  const values = formatWarnings(Array.from({ length: 100 }, () => "x".repeat(100)));
  expect(values.length).toBeGreaterThan(30);
  expect(values.join("").length).toBeLessThanOrEqual(MAX_WARNINGS_LENGTH);
});
