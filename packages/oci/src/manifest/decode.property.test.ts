import fc from "fast-check";
import { expect, test } from "vitest";
import { parseErrorBody } from "../error-body.ts";
import { BerthError, InvalidManifestError } from "../errors.ts";
import { MANIFEST_MEDIA_TYPES, MEDIA_TYPES, parseMediaType } from "../media-types.ts";
import { decodeManifest } from "./decode.ts";
import { exceedsDepth } from "./json.ts";
import { schema1Payload } from "./schema1-signature.ts";

const encode = (value: string): Uint8Array => new TextEncoder().encode(value);
const contentType = fc.option(fc.constantFrom(...MANIFEST_MEDIA_TYPES, "application/vnd.x", "", "x"), { nil: undefined });
const leaf = fc.oneof(
  fc.constantFrom(null, true, -1, 1.5, 2, "", "x", MEDIA_TYPES.ociManifest, `sha256:${"a".repeat(64)}`),
  fc.string({ maxLength: 5 }),
);
const names = [
  "schemaVersion",
  "mediaType",
  "config",
  "layers",
  "manifests",
  "blobs",
  "subject",
  "digest",
  "size",
  "platform",
  "annotations",
  "fsLayers",
  "history",
  "signatures",
];
const { body } = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 4 }, leaf, tie("body"), fc.array(tie("value"), { maxLength: 3 })),
  body: fc.dictionary(fc.constantFrom(...names), tie("value"), { maxKeys: 8 }),
}));

test("[server/M2] decodeManifest() keeps the very bytes, or throws InvalidManifestError", () => {
  const bytes = fc.oneof(
    body.map((value) => encode(JSON.stringify(value))),
    body.map((value) => encode(JSON.stringify(value)).slice(0, -1)),
    fc.uint8Array({ maxLength: 100 }),
    fc.json().map(encode),
  );
  fc.assert(
    fc.property(bytes, contentType, (raw, type) => {
      try {
        expect(decodeManifest(raw, type).raw).toBe(raw);
      } catch (error) {
        expect(error).toBeInstanceOf(InvalidManifestError);
      }
    }),
    { numRuns: 2000 },
  );
});

test("exceedsDepth() measures what JSON.parse builds", () => {
  const depthOf = (value: unknown): number =>
    typeof value === "object" && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
      const depth = depthOf(value);
      const bytes = encode(JSON.stringify(value));
      expect([exceedsDepth(bytes, depth), depth > 0 && exceedsDepth(bytes, depth - 1)]).toEqual([false, depth > 0]);
    }),
  );
});

test("[server/M9] schema1Payload() throws nothing but the errors of this package", () => {
  const signature = fc.record({ header: fc.anything(), signature: fc.string(), protected: fc.base64String() }, { requiredKeys: [] });
  const document = fc.record({ signatures: fc.oneof(fc.anything(), fc.array(signature, { maxLength: 3 })) });
  fc.assert(
    fc.property(document, (value) => {
      const json = JSON.stringify(value, (_, v: unknown) => (typeof v === "bigint" ? 1 : v));
      try {
        schema1Payload(encode(json));
      } catch (error) {
        expect(BerthError.is(error)).toBe(true);
      }
    }),
    { numRuns: 500 },
  );
});

test("[server/R4] parseErrorBody() takes any bytes", () => {
  const junk = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.json().map(encode),
    fc.json().map((json) => encode(`{"errors":[${json}]}`)),
  );
  fc.assert(
    fc.property(junk, (bytes) => {
      for (const error of parseErrorBody(bytes))
        expect([typeof error.code, typeof error.message, error.code === ""]).toEqual(["string", "string", false]);
    }),
    { numRuns: 1000 },
  );
});

test("parseMediaType() gives what it would give again", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ maxLength: 300 }), fc.stringMatching(/^[A-Za-z]{1,5}\/[a-z.+]{1,9}( ?; ?[a-z]=b)?$/)), (header) => {
      const mediaType = parseMediaType(header);
      if (mediaType !== undefined) expect(parseMediaType(mediaType)).toBe(mediaType);
    }),
  );
});
