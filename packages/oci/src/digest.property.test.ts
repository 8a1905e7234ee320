import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  DIGEST_ALGORITHMS,
  DIGEST_HEX_LENGTH,
  computeDigest,
  digestAlgorithm,
  digestEncoded,
  formatDigest,
  isDigest,
  parseDigest,
} from "./digest.ts";
import { DigestSet, shortCodeTable } from "./digest-set.ts";
import { InvalidDigestError } from "./errors.ts";
import { createDigester, digestOf } from "./node/index.ts";

const digest = fc.constantFrom(...DIGEST_ALGORITHMS).chain((algorithm) => {
  const length = DIGEST_HEX_LENGTH[algorithm];
  return fc
    .string({ unit: fc.constantFrom(..."01af".split("")), minLength: length, maxLength: length })
    .map((hex) => formatDigest(algorithm, hex));
});
const near = fc.oneof(
  fc.string({ unit: fc.constantFrom(..."sha256:+-._ABCabc012\n".split("")), maxLength: 150 }),
  fc.tuple(digest, fc.constantFrom("", " ", "\n", "0", "A", ":")).map(([d, tail]) => d + tail),
  fc.string({ unit: "binary", maxLength: 300 }),
);

test("[server/F1] a digest is the sum of its parts", () => {
  fc.assert(
    fc.property(digest, (d) => {
      expect(formatDigest(digestAlgorithm(d), digestEncoded(d))).toBe(d);
    }),
  );
});

test("[server/F1] parseDigest() throws nothing but InvalidDigestError, and agrees with isDigest()", () => {
  fc.assert(
    fc.property(near, (text) => {
      const wanted = /^(?:sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})$/.test(text) && !text.endsWith("\n");
      expect(isDigest(text)).toBe(wanted);
      if (wanted) expect(parseDigest(text)).toBe(text);
      else expect(() => parseDigest(text)).toThrow(InvalidDigestError);
    }),
    { numRuns: 1000 },
  );
});

test("any cutting of content into chunks gives the same digest, by Node and by WebCrypto", async () => {
  const cut = fc.tuple(fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 6 }), fc.constantFrom(...DIGEST_ALGORITHMS));
  await fc.assert(
    fc.asyncProperty(cut, async ([chunks, algorithm]) => {
      const digester = createDigester(algorithm);
      for (const chunk of chunks) digester.update(chunk);
      const whole = Uint8Array.from(chunks.flatMap((chunk) => [...chunk]));
      expect(digester.digest()).toBe(digestOf(whole, algorithm));
      expect(await computeDigest(whole, algorithm)).toBe(digester.digest());
    }),
    { numRuns: 50 },
  );
});

describe("digest sets", () => {
  test("[server/S1] hold what a set of strings holds", () => {
    fc.assert(
      fc.property(fc.array(digest, { maxLength: 12 }), fc.array(digest, { maxLength: 4 }), (added, removed) => {
        const set = new DigestSet(added);
        for (const d of [...removed, ...added.slice(0, 2)]) set.remove(d);
        const model = new Set<string>(added);
        for (const d of [...removed, ...added.slice(0, 2)]) model.delete(d);
        expect([...set.all()].sort()).toEqual([...model].sort());
      }),
    );
  });

  test("[server/S2] every short code means its digest, and none shorter does", () => {
    fc.assert(
      fc.property(fc.array(digest, { minLength: 1, maxLength: 12 }), fc.integer({ min: 1, max: 8 }), (digests, minLength) => {
        const set = new DigestSet(digests);
        for (const [d, code] of shortCodeTable(set, minLength)) {
          expect(set.lookup(code)).toBe(d);
          if (!code.includes(":") && code.length > minLength) expect(set.find(code.slice(0, -1))).toBeUndefined();
        }
      }),
    );
  });
});
