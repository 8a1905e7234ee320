import { decodeManifest, MEDIA_TYPES } from "@berth/oci";
import { digestOf } from "@berth/oci/node";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { Random } from "../faults/random.ts";
import { randomImage, randomIndex } from "./graph.ts";
import { randomLayer } from "./layer.ts";

test("[server/Q33] random layers are archives with the digests that they name, and the same for the same seed", () => {
  const layer = randomLayer(new Random(7));
  expect(layer.descriptor).toEqual({ mediaType: MEDIA_TYPES.ociLayerGzip, digest: digestOf(layer.bytes), size: layer.bytes.byteLength });
  const tar = gunzipSync(layer.bytes);
  expect(digestOf(tar)).toBe(layer.diffId);
  expect(tar.subarray(257, 262).toString()).toBe("ustar");
  expect(randomLayer(new Random(7))).toEqual(layer);
  expect(randomLayer(new Random(8)).diffId).not.toBe(layer.diffId);
});

test("[server/Q33] random images are what their media types demand, with everything that they refer to", () => {
  for (const family of ["oci", "docker"] as const) {
    const { manifest, blobs } = randomImage(new Random(1), { family });
    const decoded = decodeManifest(manifest.bytes, manifest.mediaType);
    expect(decoded.references.map(({ descriptor }) => descriptor.digest)).toEqual(blobs.map(({ descriptor }) => descriptor.digest));
    const platforms = ["amd64", "arm64"].map((architecture) => ({ os: "linux", architecture }));
    const index = randomIndex(new Random(1), platforms, { family });
    const children = decodeManifest(index.manifest.bytes, index.manifest.mediaType).references;
    expect(children.map(({ descriptor }) => descriptor.digest)).toEqual(index.children.map((child) => child.manifest.digest));
    expect(children.map(({ descriptor }) => descriptor.platform)).toEqual(platforms);
  }
});
