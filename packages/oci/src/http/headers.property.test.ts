import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { InvalidLinkError } from "../errors.ts";
import { accepts, parseAccept } from "./accept.ts";
import { formatContentRange, formatUploadRange, parseContentRange, parseUnsatisfiedRange, parseUploadRange } from "./content-range.ts";
import { parseForwarded, requestOrigin } from "./forwarded.ts";
import { matchesIfNoneMatch } from "./if-none-match.ts";
import { formatLink, nextPage, parseLinks } from "./link.ts";
import { formatRange, parseRange, resolveRange, selectRange } from "./range.ts";
import { cleanScopes, formatScope, formatScopes, parseScope, parseScopes } from "./scope.ts";
import { formatWarning, parseWarning } from "./warning.ts";
import { formatChallenge, parseChallenges } from "./www-authenticate.ts";

/** Texts of the characters that header grammars are about. */
const hostile = fc.oneof(
  fc.string({ unit: fc.constantFrom(...'abq="\\,;:<>/* \t-_.019WB\n'.split("")), maxLength: 80 }),
  fc.string({ unit: "binary", maxLength: 200 }),
);
const token = fc.stringMatching(/^[a-z][a-z0-9_-]{0,10}$/);
const text = fc.string({ maxLength: 40 });
const printable = fc.string({ unit: fc.constantFrom(...'ab "\\,;=<>/é'.split("")), maxLength: 20 });

describe("round trips", () => {
  test("Range", () => {
    const number = fc.nat();
    const spec = fc.oneof(
      fc.record({ suffix: number }),
      fc.record({ first: number }),
      fc.tuple(number, number).map(([first, length]) => ({ first, last: first + length })),
    );
    fc.assert(
      fc.property(spec, (value) => {
        expect(parseRange(formatRange(value))).toEqual(value);
      }),
    );
  });

  test("a resolved range lies within the content, and holds what was asked for", () => {
    fc.assert(
      fc.property(fc.nat(200), fc.nat(200), fc.nat(100), (first, length, size) => {
        const wanted = Array.from({ length: size }, (_, i) => i).filter((i) => i >= first && i <= first + length);
        const range = resolveRange({ first, last: first + length }, size);
        expect(range === undefined ? [] : [range.start, range.end]).toEqual(wanted.length === 0 ? [] : [wanted[0], wanted.at(-1)]);
      }),
    );
  });

  test("Content-Range", () => {
    const range = fc.tuple(fc.nat(), fc.nat(), fc.nat()).map(([start, a, b]) => ({ start, end: start + a, size: start + a + b + 1 }));
    fc.assert(
      fc.property(range, ({ start, end, size }) => {
        expect(parseContentRange(formatContentRange({ start, end, size }))).toEqual({ start, end, size });
        expect(parseContentRange(formatContentRange({ start, end }))).toEqual({ start, end });
        expect(parseUploadRange(formatUploadRange(size))).toBe(size - 1);
      }),
    );
  });

  test("[client/A-17] Link", () => {
    fc.assert(
      fc.property(fc.webUrl({ withQueryParameters: true }), token, (url, rel) => {
        expect(parseLinks(formatLink(url, rel)).map((link) => [link.target, link.parameters.get("rel")])).toEqual([[url, rel]]);
      }),
    );
    fc.assert(
      fc.property(text, (target) => {
        expect(parseLinks(`${formatLink(`/${target}`, "next")}, </b>; rel=x`)).toHaveLength(2);
      }),
    );
  });

  test("[client/A-11,B-52] challenges, several in one field", () => {
    const challenge = fc.tuple(
      token,
      fc.uniqueArray(fc.tuple(token, printable), { selector: ([name]) => name, minLength: 1, maxLength: 4 }),
    );
    fc.assert(
      fc.property(fc.array(challenge, { minLength: 1, maxLength: 3 }), (challenges) => {
        const field = challenges.map(([scheme, pairs]) => formatChallenge(scheme, Object.fromEntries(pairs))).join(", ");
        expect(parseChallenges(field).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)])).toEqual(
          challenges.map(([scheme, pairs]) => [scheme, Object.fromEntries(pairs)]),
        );
      }),
    );
  });

  test("Warning", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 1, maxLength: 100 }), (value) => {
        expect(parseWarning(formatWarning(value))?.text).toBe(value);
      }),
    );
  });

  test("[server/K5] scopes", () => {
    const name = fc.stringMatching(/^[a-z0-9:/._-]{1,20}$/);
    const scope = fc.record({
      type: fc.stringMatching(/^[a-z0-9]{1,8}$/),
      name,
      actions: fc.array(fc.constantFrom("pull", "push", "delete", "*"), { maxLength: 3 }),
    });
    fc.assert(
      fc.property(scope, (value) => {
        expect(parseScope(formatScope(value))).toEqual(value);
      }),
    );
    fc.assert(
      fc.property(fc.array(scope, { maxLength: 6 }), (scopes) => {
        const merged = formatScopes(scopes);
        expect(formatScopes(parseScopes(merged))).toBe(merged);
      }),
    );
  });

  test("[client/B-44] cleanScopes() changes nothing that is clean", () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[ab:,*p]{0,8}$/), { maxLength: 8 }), (scopes) => {
        const clean = cleanScopes(scopes);
        expect(cleanScopes(clean)).toEqual(clean);
        expect(cleanScopes([...scopes].reverse())).toEqual(clean);
      }),
    );
  });
});

/** Every parser of this folder, as something that takes a header value. */
const PARSERS: Readonly<Record<string, (value: string) => unknown>> = {
  accepts: (value) => [accepts(value, "a/b"), parseAccept([value, value])],
  content: (value) => [parseContentRange(value), parseUnsatisfiedRange(value), parseUploadRange(value)],
  etags: (value) => matchesIfNoneMatch(value, "a"),
  forwarded: (value) => [parseForwarded(value), requestOrigin({ forwarded: value, host: value, xForwardedHost: value }, true)],
  links: (value) => parseLinks(value),
  range: (value) => [parseRange(value), selectRange({ range: value, ifRange: value, etag: value }, 10)],
  scopes: (value) => [parseScopes(value), cleanScopes([value])],
  warning: (value) => parseWarning(value),
  challenges: (value) => parseChallenges(value),
};

describe.each(Object.entries(PARSERS))("%s", (_, parse) => {
  test("takes any text without throwing", () => {
    fc.assert(
      fc.property(hostile, (value) => {
        parse(value);
      }),
      { numRuns: 500 },
    );
  });

  test.each(["a", ",", ";", '"', "\\", "<", " ", "a=", 'a="', 'a="\\', "<a>;", "a;q=", "a, ", '"a" ', "bytes=0-1,", "9", "W/", "::"])(
    "comes to an end on 16 KiB and on a megabyte of %j",
    (piece) => {
      expect(() => parse(piece.repeat(16_384 / piece.length))).not.toThrow();
      expect(() => parse(piece.repeat(1_000_000 / piece.length))).not.toThrow();
    },
  );
});

test("[client/A-17] nextPage() throws nothing but InvalidLinkError, and never leaves the origin", () => {
  const target = fc.oneof(
    hostile,
    fc.webUrl(),
    fc.constantFrom("//h.test", "https:h.test", "\\\\evil.test", "https://h.test@evil.test/", "/%2f/x", "javascript:1"),
  );
  fc.assert(
    fc.property(target, (value) => {
      try {
        const url = nextPage(`<${value}>; rel="next"`, "https://h.test/v2/");
        if (url !== undefined) expect(url.origin).toBe("https://h.test");
      } catch (error) {
        expect(error).toBeInstanceOf(InvalidLinkError);
      }
    }),
    { numRuns: 1000 },
  );
});
