import { MEDIA_TYPES, parseDigest } from "@berth/oci";
import { expect, test } from "vitest";
import { inspectionText } from "./inspection-text.ts";

const digest = parseDigest(`sha256:${"a".repeat(64)}`);
const layer = { mediaType: MEDIA_TYPES.dockerLayer, digest, size: 0 };

test("sizes that a manifest of schema 1 does not say are not called 0", () => {
  const found = { reference: "a", digest, size: 9, contentSize: 0, layers: [layer] };
  const old = inspectionText({ ...found, mediaType: MEDIA_TYPES.dockerSchema1Signed }, 0);
  expect(old).toMatch(/Size: +unknown, in 1 layer$/m);
  expect(old).toMatch(/^ +sha256:a+ +- +application/m);
  expect(inspectionText({ ...found, mediaType: MEDIA_TYPES.dockerManifest }, 0)).toMatch(/Size: +0 B in 1 layer$/m);
});
