import { expect, test } from "vitest";
import type { Descriptor } from "../descriptor.ts";
import { parseDigest } from "../digest.ts";
import { InvalidManifestError } from "../errors.ts";
import { MEDIA_TYPES } from "../media-types.ts";
import { changeReferrers, decodeReferrersIndex, encodeReferrersIndex, hasChanges, type ReferrersIndex } from "./referrers-index.ts";

function descriptor(digit: string): Descriptor {
  return { mediaType: MEDIA_TYPES.ociManifest, digest: parseDigest(`sha256:${digit.repeat(64)}`), size: 7 };
}

const [a, b, c] = [descriptor("a"), descriptor("b"), descriptor("c")];

function decode(body: object): ReferrersIndex {
  return decodeReferrersIndex(new TextEncoder().encode(JSON.stringify(body)));
}

test("[client/B-37] decodeReferrersIndex() drops empty and repeated entries and counts them", () => {
  const index = decode({ schemaVersion: 2, manifests: [a, {}, a, null, { digest: "" }, b] });
  expect(index.entries.map((entry) => entry.descriptor)).toEqual([a, b]);
  expect(index.dropped).toBe(4);
});

test("decodeReferrersIndex() keeps entries that it cannot read, without a descriptor", () => {
  const foreign = { mediaType: "x/y", digest: "blake3:00", size: 1 };
  expect(decode({ manifests: [foreign] }).entries).toEqual([{ raw: foreign, descriptor: undefined }]);
});

test.each([[[]], [{ mediaType: MEDIA_TYPES.dockerManifestList, manifests: [] }], [{ manifests: 1 }]])(
  "decodeReferrersIndex() refuses %j",
  (body) => {
    expect(() => decode(body)).toThrow(InvalidManifestError);
  },
);

test("[client/B-37] changeReferrers() adds what is new at the end and removes by digest", () => {
  const { entries } = decode({ manifests: [a, b] });
  const changes = [
    { action: "add", descriptor: a },
    { action: "add", descriptor: c },
    { action: "remove", descriptor: { ...b, size: 8 } },
  ] as const;
  expect(hasChanges(entries, changes)).toBe(false);
  const changed = changeReferrers(entries, changes);
  expect(changed.map((entry) => entry.descriptor)).toEqual([a, c]);
  expect(hasChanges(changed, changes)).toBe(true);
});

test("hasChanges() goes by the last change of each referrer", () => {
  const { entries } = decode({ manifests: [a] });
  const add = { action: "add", descriptor: a } as const;
  const remove = { action: "remove", descriptor: a } as const;
  expect([hasChanges(entries, [remove, add]), hasChanges(entries, [add, remove])]).toEqual([true, false]);
});

test("encodeReferrersIndex() keeps further members of the index and of its entries", () => {
  const body = { schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, annotations: { x: "y" }, manifests: [{ ...a, "x-member": 1 }] };
  const index = decode(body);
  expect(JSON.parse(new TextDecoder().decode(encodeReferrersIndex(index.entries, index.body)))).toEqual(body);
});
