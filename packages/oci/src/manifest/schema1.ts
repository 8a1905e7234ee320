import { ManifestUnverifiedError } from "../content-errors.ts";
import { InvalidManifestError } from "../errors.ts";
import { readArray, readDigest, readRequiredString, readString } from "./fields.ts";
import { isJsonObject, type JsonObject, parseJsonObject } from "./json.ts";
import { parseSignedJson } from "./jws.ts";
import type { ManifestReference, Schema1Manifest } from "./manifest.ts";

/** What the layers of a schema 1 manifest are, in the words of the reference implementation. */
export const SCHEMA1_LAYER_MEDIA_TYPE = "application/vnd.docker.container.image.rootfs.diff+x-gtar";

/**
 * Checks the body of a schema 1 manifest; whether its signatures hold is told by `verifySchema1`. Only what they cover is read.
 *
 * @throws {InvalidManifestError} when it breaks the format.
 * @see Docker image manifest v2, schema 1
 */
export function readSchema1(raw: Uint8Array, mediaType: string, whole: JsonObject, maxReferences: number): Schema1Manifest {
  const signed = readArray(whole["signatures"], "signatures", maxReferences).length > 0;
  const body = signed ? readSignedPart(raw) : whole;
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
    signed,
  };
}

/** What stands beside the signed part of a document is not to be believed, whether the signatures are checked or not. */
function readSignedPart(raw: Uint8Array): JsonObject {
  try {
    return parseJsonObject(parseSignedJson(raw).payload);
  } catch (error) {
    if (error instanceof ManifestUnverifiedError) throw new InvalidManifestError(`signatures: ${error.message}`, { cause: error });
    throw error;
  }
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
