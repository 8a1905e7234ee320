import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import {
  EMPTY_JSON_DIGEST,
  isForeignLayerMediaType,
  isImageMediaType,
  isIndexMediaType,
  isManifestMediaType,
  isSchema1MediaType,
  MANIFEST_MEDIA_TYPES,
  MEDIA_TYPES,
  parseMediaType,
} from "./media-types.ts";

test("[server/M1] the names are those of the wire", () => {
  expect(MEDIA_TYPES).toEqual({
    ociManifest: "application/vnd.oci.image.manifest.v1+json",
    ociIndex: "application/vnd.oci.image.index.v1+json",
    ociArtifactManifest: "application/vnd.oci.artifact.manifest.v1+json",
    ociConfig: "application/vnd.oci.image.config.v1+json",
    ociEmpty: "application/vnd.oci.empty.v1+json",
    ociLayer: "application/vnd.oci.image.layer.v1.tar",
    ociLayerGzip: "application/vnd.oci.image.layer.v1.tar+gzip",
    ociLayerZstd: "application/vnd.oci.image.layer.v1.tar+zstd",
    ociForeignLayer: "application/vnd.oci.image.layer.nondistributable.v1.tar",
    ociForeignLayerGzip: "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
    ociForeignLayerZstd: "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
    ociLayoutHeader: "application/vnd.oci.layout.header.v1+json",
    dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
    dockerManifestList: "application/vnd.docker.distribution.manifest.list.v2+json",
    dockerSchema1: "application/vnd.docker.distribution.manifest.v1+json",
    dockerSchema1Signed: "application/vnd.docker.distribution.manifest.v1+prettyjws",
    dockerConfig: "application/vnd.docker.container.image.v1+json",
    dockerPluginConfig: "application/vnd.docker.plugin.v1+json",
    dockerLayer: "application/vnd.docker.image.rootfs.diff.tar",
    dockerLayerGzip: "application/vnd.docker.image.rootfs.diff.tar.gzip",
    dockerForeignLayerGzip: "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
    octetStream: "application/octet-stream",
  });
});

test("[server/M1] each type is of one kind", () => {
  const kinds = (test: (mediaType: string) => boolean): string[] =>
    Object.entries(MEDIA_TYPES)
      .filter(([, type]) => test(type))
      .map(([name]) => name);
  expect(kinds(isImageMediaType)).toEqual(["ociManifest", "dockerManifest"]);
  expect(kinds(isIndexMediaType)).toEqual(["ociIndex", "dockerManifestList"]);
  expect(kinds(isSchema1MediaType)).toEqual(["dockerSchema1", "dockerSchema1Signed"]);
  expect(kinds(isForeignLayerMediaType)).toEqual([
    "ociForeignLayer",
    "ociForeignLayerGzip",
    "ociForeignLayerZstd",
    "dockerForeignLayerGzip",
  ]);
  expect(kinds(isManifestMediaType)).toHaveLength(MANIFEST_MEDIA_TYPES.size);
});

test("EMPTY_JSON_DIGEST is the digest of {}", () => {
  expect(`sha256:${createHash("sha256").update("{}").digest("hex")}`).toBe(EMPTY_JSON_DIGEST);
});

test.each([
  ["application/json", "application/json"],
  [' Application/JSON ; charset=utf-8; x="a;b"', "application/json"],
  ["application/vnd.x+json", "application/vnd.x+json"],
  ["", undefined],
  ["application", undefined],
  ["a/b/c", undefined],
  ["a /b", undefined],
  ["a/b, c/d", undefined],
  ["a/b\r\nx: y", undefined],
  [`a/${"b".repeat(300)}`, undefined],
])("parseMediaType(%j) is %j", (header, wanted) => {
  expect(parseMediaType(header)).toBe(wanted);
});
