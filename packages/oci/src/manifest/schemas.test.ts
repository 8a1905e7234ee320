import { expect, test } from "vitest";
import { EMPTY_JSON_DIGEST, MANIFEST_MEDIA_TYPES, MEDIA_TYPES } from "../media-types.ts";
import { createManifestSchemas, ManifestSchemas } from "./schemas.ts";

const bytes = new TextEncoder().encode(
  JSON.stringify({ schemaVersion: 2, config: { mediaType: MEDIA_TYPES.ociEmpty, digest: EMPTY_JSON_DIGEST, size: 2 }, layers: [] }),
);

test("[server/P14] unmarshal() goes by the content type, without its parameters", () => {
  const schemas = createManifestSchemas();
  expect(schemas.mediaTypes()).toEqual([...MANIFEST_MEDIA_TYPES]);
  const manifest = schemas.unmarshal(`${MEDIA_TYPES.ociManifest}; charset=utf-8`, bytes);
  expect([manifest.kind, manifest.mediaType, manifest.raw]).toEqual(["image", MEDIA_TYPES.ociManifest, bytes]);
});

test("[server/P14] the empty type stands for all others, and is not listed", () => {
  const schemas = createManifestSchemas();
  expect(schemas.unmarshal("", bytes).kind).toBe("image");
  expect(schemas.unmarshal("application/vnd.x", bytes).kind).toBe("other");
  expect(schemas.mediaTypes()).not.toContain("");
});

test("[server/P14] registering twice and types without a decoder are errors", () => {
  const schemas = new ManifestSchemas();
  const decoder = createManifestSchemas();
  schemas.register("application/vnd.x", (raw) => decoder.unmarshal("application/vnd.x", raw));
  expect(() => schemas.register("application/vnd.x", () => decoder.unmarshal("", bytes))).toThrow(TypeError);
  expect(() => schemas.unmarshal("application/vnd.y", bytes)).toThrow('unsupported media type "application/vnd.y"');
  expect(schemas.unmarshal("application/vnd.x", bytes).kind).toBe("other");
});
