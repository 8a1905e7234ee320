import { expect, test } from "vitest";
import { oneLine, plainText, textOf } from "./plain-text.ts";

test("[client/C-16] what paints on a terminal goes, the words stay", () => {
  const painted = "\u001b[1;31mno\u001b[0m\r\n\u009bentry\u202e \u0007";
  expect(oneLine(painted)).toBe("no entry");
  expect(plainText(painted)).toBe(" no  entry   ");
});

test("[client/C-16] text may hold control characters; what is no text holds zeros or bytes that are no UTF-8", () => {
  expect(textOf(Buffer.from("\u001b[31mno"), 100)).toBe("\u001b[31mno");
  expect(textOf(Buffer.from("no\0"), 100)).toBeUndefined();
  expect(textOf(Buffer.from([0xff, 0xd8]), 100)).toBeUndefined();
});

test("[client/C-16] a cut through a character does not make it less of a text", () => {
  const text = "нет входа";
  for (let size = 1; size < Buffer.byteLength(text); size++) expect(text).toContain(textOf(Buffer.from(text), size));
});
