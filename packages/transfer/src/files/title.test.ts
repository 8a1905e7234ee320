import { expect, test } from "vitest";
import { titleKey, titleParts } from "./title.ts";

test.each([
  ["a", ["a"]],
  ["./a//b/", ["a", "b"]],
  ["a b.txt", ["a b.txt"]],
  ["con.txt", ["con.txt"]],
  ["..a/b..", ["..a", "b.."]],
])("titleParts() takes %j apart", (title, parts) => {
  expect(titleParts(title, "linux")).toEqual(parts);
});

test.each(["con", "a/NUL.txt", "com1", "lpt².x", "a.", "b ", "ab:c", "what?", "a|b"])("titleParts() refuses %j on Windows", (title) => {
  expect(() => titleParts(title, "win32")).toThrow(expect.objectContaining({ code: "ERR_UNSAFE_TITLE", title }));
  expect(titleParts(title, "linux").join("/")).toBe(title);
});

test("titleParts() refuses what names a drive, and says so", () => {
  for (const title of ["a:b.txt", "C:/x"]) expect(() => titleParts(title, "linux")).toThrow("what names a drive on some systems");
});

test("titleKey() takes for one what the system does", () => {
  expect(titleKey(["A", "b"], "linux")).toBe("A/b");
  expect(titleKey(["A", "e\u0301"], "darwin")).toBe(titleKey(["a", "\u00c9"], "win32"));
});
