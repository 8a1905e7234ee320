import { InvalidManifestError, type JsonObject } from "@berth/oci";
import { descriptorOf } from "@berth/oci/node";
import { expect, test } from "vitest";
import { descriptorDocument, formatDocument, parseDocument, unlessEmpty } from "./document.ts";

const text = (document: JsonObject): string => new TextDecoder().decode(formatDocument(document));
const bytes = (value: string): Uint8Array => new TextEncoder().encode(value);

test("formatDocument() writes as Go does: maps by name, objects as they come, escaped", () => {
  const annotations = { é: "1", 9: "2", 10: "3", "<": "4" };
  expect(text({ b: { annotations, y: 1, x: 2 }, a: [true, null, "\u2028<&>\b\n\u007f"], gone: undefined })).toBe(
    '{"b":{"annotations":{"10":"3","9":"2","\\u003c":"4","é":"1"},"y":1,"x":2},"a":[true,null,"\\u2028\\u003c\\u0026\\u003e\\b\\n\u007f"]}',
  );
});

test("parseDocument() keeps members and numbers as they were written", () => {
  const source = '{"z":12345678901234567890,"a":1.0,"e":1e3,"n":-0,"__proto__":{"x":1},"text":"1.50","list":[9007199254740993]}';
  expect(text(parseDocument(bytes(source)))).toBe(source);
  expect(parseDocument(bytes('{"size":1.5,"n":3}'))).toEqual({ size: 1.5, n: 3 });
});

test("parseDocument() refuses what is no JSON object", () => {
  for (const source of ["[]", "1", "{", '{"a":1}x']) expect(() => parseDocument(bytes(source))).toThrow(InvalidManifestError);
});

test("descriptorDocument() leaves empty members out", () => {
  const descriptor = { ...descriptorOf("a/b", Buffer.from("x")), urls: [], annotations: {}, data: "", artifactType: "" };
  expect(text(descriptorDocument(descriptor))).toBe(`{"mediaType":"a/b","digest":"${descriptor.digest}","size":1}`);
  expect(unlessEmpty({})).toBeUndefined();
});
