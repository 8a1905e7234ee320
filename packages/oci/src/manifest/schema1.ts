import { InvalidManifestError } from "../errors.ts";
import { readArray, readDigest, readRequiredString, readString } from "./fields.ts";
import { isJsonObject, type JsonObject } from "./json.ts";
import type { ManifestReference, Schema1Manifest } from "./manifest.ts";

/** What the layers of a schema 1 manifest are, in the words of the reference implementation. */
export const SCHEMA1_LAYER_MEDIA_TYPE = "application/vnd.docker.container.image.rootfs.diff+x-gtar";

/**
 * Checks the body of a schema 1 manifest; signatures are looked at by `verifySchema1`.
 *
 * @throws {InvalidManifestError} when it breaks the format.
 * @see Docker image manifest v2, schema 1
 */
export function readSchema1(raw: Uint8Array, mediaType: string, body: JsonObject, maxReferences: number): Schema1Manifest {
  if (body["schemaVersion"] !== 1) throw new InvalidManifestError("schemaVersion: expected 1");
  for (const name of ["config", "layers", "manifests"]) {
    if (body[name] !== undefined) throw new InvalidManifestError(`${name} must not stand in a schema 1 manifest`);
  }
  const layers = readArray(body["fsLayers"], "fsLayers", maxReferences);
  const history = readArray(body["history"], "history", maxReferences).map(readHistory);
  if (history.length !== layers.length)
    throw new InvalidManifestError(`history: has ${history.length} entries, fsLayers has ${layers.length}`);
  return {
    kind: "schema1",
    mediaType,
    raw,
    references: layers.map(readLayer),
    name: readRequiredString(body["name"], "name"),
    tag: readString(body["tag"], "tag") ?? "",
    architecture: readString(body["architecture"], "architecture") ?? "",
    history,
    signed: readArray(body["signatures"], "signatures", maxReferences).length > 0,
  };
}

function readLayer(value: unknown, i: number): ManifestReference {
  if (!isJsonObject(value)) throw new InvalidManifestError(`fsLayers[${i}]: expected an object`);
  const digest = readDigest(value["blobSum"], `fsLayers[${i}].blobSum`);
  return { kind: "layer", descriptor: { mediaType: SCHEMA1_LAYER_MEDIA_TYPE, digest, size: 0 } };
}

function readHistory(value: unknown, i: number): string {
  if (!isJsonObject(value)) throw new InvalidManifestError(`history[${i}]: expected an object`);
  return readRequiredString(value["v1Compatibility"], `history[${i}].v1Compatibility`);
}
