import { describe, expect, test } from "vitest";
import { DigestAmbiguousError, DigestNotFoundError, DigestSet, shortCodeTable } from "./digest-set.ts";
import { InvalidDigestError } from "./errors.ts";

const sha256 = (prefix: string): string => `sha256:${prefix.padEnd(64, "0")}`;
const sha512 = (prefix: string): string => `sha512:${prefix.padEnd(128, "0")}`;

describe("DigestSet", () => {
  test("[server/S1] adds, removes and lists sorted, each once", () => {
    const set = new DigestSet([sha256("b"), sha256("a"), sha256("b"), sha512("a1")]);
    expect(set.all()).toEqual([sha256("a"), sha512("a1"), sha256("b")]);
    set.remove(sha256("a"));
    set.remove(sha256("c"));
    expect(set.size).toBe(2);
    expect(() => set.add("sha256:abc")).toThrow(InvalidDigestError);
  });

  test("[server/S1] looks up whole digests, algorithm:prefix and bare prefixes", () => {
    const set = new DigestSet([sha256("1234"), sha256("1235"), sha256("654"), sha512("6543")]);
    expect(set.lookup(sha256("1234"))).toBe(sha256("1234"));
    expect(set.lookup("1234")).toBe(sha256("1234"));
    expect(set.lookup("sha256:1235")).toBe(sha256("1235"));
    expect(set.lookup("sha256:654")).toBe(sha256("654"));
    expect(set.lookup("sha512:654")).toBe(sha512("6543"));
    expect(() => set.lookup("654")).toThrow(DigestAmbiguousError);
    expect(() => set.lookup("sha256:123")).toThrow(DigestAmbiguousError);
    for (const input of ["9", "sha256:9", "", "sha256:", "sha384:123", `${sha256("1234")}0`])
      expect(() => set.lookup(input)).toThrow(DigestNotFoundError);
    expect([set.find("1234"), set.find("123"), set.find("9")]).toEqual([sha256("1234"), undefined, undefined]);
  });

  test("[server/S1] a whole digest wins over ambiguity, its bare hex does not", () => {
    const hex = "ab".repeat(32);
    const set = new DigestSet([`sha256:${hex}`, sha512(hex)]);
    expect(set.lookup(`sha256:${hex}`)).toBe(`sha256:${hex}`);
    expect(() => set.lookup(hex)).toThrow(DigestAmbiguousError);
  });
});

describe("shortCodeTable()", () => {
  test("[server/S2] gives the shortest prefix that means one digest", () => {
    const set = new DigestSet([sha256("1234"), sha256("1235"), sha256("6")]);
    expect([...shortCodeTable(set, 2).values()]).toEqual(["1234", "1235", "60"]);
  });

  test("[server/S2] names the algorithm where hex digits alone mean two digests", () => {
    const hex = "ab".repeat(32);
    const set = new DigestSet([`sha256:${hex}`, sha512(`${hex}1`)]);
    const table = shortCodeTable(set, 4);
    expect([...table.values()]).toEqual([`sha256:${hex}`, `${hex}1`]);
    for (const [digest, code] of table) expect(set.lookup(code)).toBe(digest);
  });
});
