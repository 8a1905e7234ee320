import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseAnyReference, parseDockerRef, parseNormalizedNamed, familiarString } from "./docker-reference.ts";
import { isDomain } from "./domain.ts";
import { InvalidReferenceError } from "./errors.ts";
import { matchesGlob } from "./glob.ts";
import { formatReference, parseReference } from "./image-reference.ts";
import { formatRegistryReference, parseReferenceWithin, parseRegistryReference } from "./registry-reference.ts";
import { isRepositoryName, isTag, parseRepositoryName, parseTag } from "./reference.ts";

const word = fc.stringMatching(/^[a-z0-9]{1,8}$/);
const component = fc
  .tuple(word, fc.array(fc.tuple(fc.constantFrom(".", "_", "__", "-", "---"), word), { maxLength: 3 }))
  .map(([first, rest]) => first + rest.flat().join(""));
const path = fc.array(component, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"));
const domain = fc.constantFrom("localhost", "localhost:5000", "r.test", "R.Test:443", "10.0.0.1:80", "[::1]", "[2001:db8::1]:5000");
const tag = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}$/);
const digest = fc.stringMatching(/^[0-9a-f]{64}$/).map((hex) => `sha256:${hex}`);
const option = (prefix: string, value: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.option(value, { nil: undefined }).map((v) => (v === undefined ? "" : `${prefix}${v}`));
const reference = fc.tuple(domain, path, option(":", tag), option("@", digest)).map(([d, p, t, g]) => `${d}/${p}${t}${g}`);

/** Texts near the grammar, where mistakes hide, and texts far from it. */
const near = fc.string({ unit: fc.constantFrom(..."abzAZ09._-/:@[]% \n\0é".split("")), maxLength: 60 });
const hostile = fc.oneof(near, fc.string({ unit: "binary", maxLength: 200 }), reference);

const NAME = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const DOMAIN =
  /^(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?$/;

describe("grammars", () => {
  test("[server/F1,F2] isRepositoryName() is the published expression, and at most 255 characters", () => {
    fc.assert(
      fc.property(fc.oneof(hostile, path), (text) => {
        expect(isRepositoryName(text)).toBe(NAME.test(text) && text.length <= 255);
      }),
      { numRuns: 2000 },
    );
  });

  test("[server/F1] isTag() is the published expression", () => {
    fc.assert(
      fc.property(fc.oneof(hostile, tag), (text) => {
        expect(isTag(text)).toBe(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/.test(text) && !text.endsWith("\n"));
      }),
      { numRuns: 1000 },
    );
  });

  test("[server/F1] isDomain() is the published expression", () => {
    fc.assert(
      fc.property(fc.oneof(hostile, domain), (text) => {
        expect(isDomain(text)).toBe(DOMAIN.test(text) && !text.endsWith("\n"));
      }),
      { numRuns: 2000 },
    );
  });
});

describe("round trips", () => {
  test("[server/F5] parseReference() and formatReference()", () => {
    fc.assert(
      fc.property(reference, (text) => {
        expect(formatReference(parseReference(text))).toBe(text);
      }),
    );
  });

  test("[server/F4] the familiar form of a reference means the same", () => {
    const short = fc.tuple(
      fc.oneof(
        word,
        fc.tuple(word, path).map((parts) => parts.join("/")),
      ),
      option(":", tag),
      option("@", digest),
    );
    fc.assert(
      fc.property(
        fc.oneof(
          reference,
          short.map((parts) => parts.join("")),
        ),
        (text) => {
          const named = parseNormalizedNamed(text);
          expect(parseNormalizedNamed(formatReference(named))).toEqual(named);
          expect(parseNormalizedNamed(familiarString(named))).toEqual(named);
          expect(familiarString(named).length).toBeLessThanOrEqual(formatReference(named).length);
        },
      ),
      { numRuns: 500 },
    );
  });

  test("[client/B-13] parseRegistryReference() and formatRegistryReference()", () => {
    const text = fc
      .tuple(domain, path, fc.oneof(fc.constant(""), option(":", tag), option("@", digest)))
      .map(([d, p, r]) => `${d}/${p}${r}`);
    fc.assert(
      fc.property(text, (value) => {
        expect(formatRegistryReference(parseRegistryReference(value))).toBe(value);
      }),
    );
  });
});

test("[server/F3] parsers of references throw nothing but InvalidReferenceError", () => {
  const base = parseRegistryReference("r.test/a");
  const parsers = [
    parseRepositoryName,
    parseTag,
    parseReference,
    parseNormalizedNamed,
    parseDockerRef,
    parseRegistryReference,
    parseAnyReference,
  ];
  fc.assert(
    fc.property(hostile, (text) => {
      for (const parse of [...parsers, (input: string) => parseReferenceWithin(base, input)]) {
        try {
          parse(text);
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidReferenceError);
        }
      }
    }),
    { numRuns: 1000 },
  );
});

test.each(["a", "a-", "-", "a.", "a_", "a/", ":", "@", "[", "a:", "A", "sha256:", "a@a:a"])(
  "[server/F3] a megabyte of %j is refused",
  (piece) => {
    const text = piece.repeat(1_000_000 / piece.length);
    for (const parse of [parseRepositoryName, parseTag, parseReference, parseNormalizedNamed, parseDockerRef, parseRegistryReference]) {
      expect(() => parse(text)).toThrow(InvalidReferenceError);
    }
  },
);

const EXPRESSIONS: ReadonlyMap<string, string> = new Map([
  ["*", "[^/]*"],
  ["?", "[^/]"],
  ["[^a]", "[^a/]"],
]);

test("matchesGlob() agrees with the same pattern as an expression", () => {
  const piece = fc.constantFrom("*", "?", "a", "b", "/", "[ab]", "[^a]", "\\*");
  const text = fc.string({ unit: fc.constantFrom("a", "b", "/", "*"), maxLength: 12 });
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), text, (pieces, value) => {
      const source = pieces.map((p) => EXPRESSIONS.get(p) ?? p).join("");
      expect(matchesGlob(pieces.join(""), value, { globstar: false })).toBe(new RegExp(`^${source}$`).test(value));
    }),
    { numRuns: 3000 },
  );
});

test("matchesGlob() agrees with the same pattern as an expression, where ** is any number of segments", () => {
  const piece = fc.constantFrom("*", "?", "a", "b", "[ab]", "[^a]", "\\*");
  const segment = fc.oneof(fc.constant(["*", "*"]), fc.array(piece, { maxLength: 4 }));
  const text = fc.string({ unit: fc.constantFrom("a", "b", "/", "*"), maxLength: 14 });
  fc.assert(
    fc.property(fc.array(segment, { minLength: 1, maxLength: 5 }), text, (segments, value) => {
      const sources = segments.map((pieces, at) => {
        const isLast = at === segments.length - 1;
        if (pieces.join("") === "**") return isLast ? ".*" : "(?:.*/)?";
        return `${pieces.map((p) => EXPRESSIONS.get(p) ?? p).join("")}${isLast ? "" : "/"}`;
      });
      const pattern = segments.map((pieces) => pieces.join("")).join("/");
      expect(matchesGlob(pattern, value)).toBe(new RegExp(`^${sources.join("")}$`).test(value));
    }),
    { numRuns: 3000 },
  );
});

test.each([
  ["deep/**", ["deep/x", "deep/x/y/z"], ["deep", "deeper/x", "a/deep/x"]],
  ["**/x", ["x", "a/x", "a/b/x"], ["ax", "a/x/b"]],
  ["a/**/b", ["a/b", "a/x/b", "a/x/y/b"], ["ab", "a/xb", "b/a/b"]],
  ["**", ["x", "x/y"], []],
  ["*", ["x"], ["x/y"]],
  ["deep/*", ["deep/x"], ["deep/x/y"]],
  ["a**b", ["ab", "axb"], ["a/b"]],
  ["**/*.d/*", ["a.d/b", "x/a.d/b"], ["a.d/b/c"]],
])("the pattern %j matches %j and none of %j", (pattern, wanted, unwanted) => {
  expect([...wanted, ...unwanted].filter((text) => matchesGlob(pattern, text))).toEqual(wanted);
});

test("matchesGlob() gives up on many runs against a long text", () => {
  expect(matchesGlob(`${"*a".repeat(400)}b`, "a".repeat(50_000))).toBe(false);
  expect(matchesGlob(`${"**/*a/".repeat(150)}b`, "a/".repeat(25_000))).toBe(false);
});
