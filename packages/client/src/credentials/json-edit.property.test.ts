import fc from "fast-check";
import { expect, test } from "vitest";
import { removeJsonMember, setJsonMember } from "./json-edit.ts";
import { JsonTextError, scanJsonObject } from "./json-text.ts";

const documents = fc
  .tuple(fc.dictionary(fc.string(), fc.jsonValue()), fc.constantFrom("", "\t", "  ", 3))
  .map(([value, space]) => JSON.stringify(value, null, space));

test("[client/B-57] setting and removing members does to the text what it does to the value", () => {
  fc.assert(
    fc.property(documents, fc.string(), fc.string(), fc.jsonValue(), (text, outer, inner, value) => {
      const parsed = new Map<string, unknown>(Object.entries(JSON.parse(text)));
      const changed = setJsonMember(text, [outer, inner], value);
      const old = parsed.get(outer);
      const within =
        typeof old === "object" && old !== null && !Array.isArray(old) ? new Map<string, unknown>(Object.entries(old)) : new Map();
      expect(JSON.parse(changed)).toEqual(
        Object.fromEntries([...parsed, [outer, Object.fromEntries([...within, [inner, JSON.parse(JSON.stringify(value))]])]]),
      );
      parsed.delete(outer);
      expect(JSON.parse(removeJsonMember(changed, [outer]))).toEqual(Object.fromEntries(parsed));
      expect(removeJsonMember(setJsonMember(text, [`${text}new`], value), [`${text}new`])).toBe(text);
    }),
  );
});

test("the scanner takes exactly what JSON.parse takes", () => {
  const damaged = fc
    .tuple(
      documents,
      fc.nat(),
      fc.constantFrom("", ",", "}", "{", '"', "\\", "0", "-", ".", "e", "]", "[", ":", " ", "\n", "\u0001", "tru", "\u00a0"),
    )
    .map(([text, at, piece]) => text.slice(0, at % (text.length + 1)) + piece + text.slice((at % (text.length + 1)) + 1));
  fc.assert(
    fc.property(damaged, (text) => {
      expect(scans(text)).toBe(parses(text));
    }),
    { numRuns: 1000 },
  );
});

function scans(text: string): boolean {
  try {
    scanJsonObject(text);
    return true;
  } catch (error) {
    if (!(error instanceof JsonTextError)) throw error;
    expect(error.offset).toBeLessThanOrEqual(text.length);
    return false;
  }
}

function parses(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
