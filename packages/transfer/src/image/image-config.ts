import {
  type Digest,
  InvalidDigestError,
  InvalidManifestError,
  isJsonObject,
  type JsonObject,
  parseDigest,
  parseJsonObject,
} from "@berth/oci";

/** What the config of an image says about its layers. */
export interface ImageConfig {
  /** The bytes as they came. */
  readonly raw: Uint8Array;
  /** All members, unchecked. */
  readonly json: JsonObject;
  /** Digests of the uncompressed layers, the base layer first. */
  readonly diffIds: readonly Digest[];
  /** How the image was made, the oldest step first. */
  readonly history: readonly JsonObject[];
}

/** Layers that a config may name: as many as a manifest. */
const MAX_LAYERS = 10_000;

/**
 * Reads the config of an image.
 *
 * @throws {InvalidManifestError} when it is malformed.
 * @see OCI image-spec, config.md
 */
export function readImageConfig(raw: Uint8Array): ImageConfig {
  const json = parseJsonObject(raw);
  const rootfs = json["rootfs"] ?? {};
  if (!isJsonObject(rootfs)) throw new InvalidManifestError("the config's rootfs: expected an object");
  const type = rootfs["type"];
  if (type !== undefined && type !== "layers") throw new InvalidManifestError('the config\'s rootfs.type: expected "layers"');
  const diffIds = readArray(rootfs["diff_ids"], "rootfs.diff_ids").map(readDiffId);
  const history = readArray(json["history"], "history").map((step) => {
    if (!isJsonObject(step)) throw new InvalidManifestError("the config's history: expected objects");
    return step;
  });
  return { raw, json, diffIds, history };
}

function readArray(value: unknown, name: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new InvalidManifestError(`the config's ${name}: expected an array`);
  if (value.length > MAX_LAYERS)
    throw new InvalidManifestError(`the config's ${name}: has ${value.length} entries, the limit is ${MAX_LAYERS}`);
  return value;
}

function readDiffId(value: unknown): Digest {
  try {
    return parseDigest(typeof value === "string" ? value : "");
  } catch (error) {
    if (error instanceof InvalidDigestError)
      throw new InvalidManifestError(`the config's rootfs.diff_ids: ${error.message}`, { cause: error });
    throw error;
  }
}
