import { type CallOptions, type Descriptor, type Fetcher, isJsonObject, type JsonObject, type Manifest, MEDIA_TYPES } from "@berth/oci";

/** The config of an image. */
export interface ReadConfig {
  readonly descriptor: Descriptor;
  /** As it came. */
  readonly raw: Uint8Array;
  /** Parsed, unchecked; empty when it is no JSON object, as those of artifacts may be. */
  readonly json: JsonObject;
}

/** Bytes of a config, at most. */
const MAX_CONFIG = 8_388_608;

/** Reads the config that a manifest names; undefined: it names none, or an empty one. @throws {LimitExceededError} */
export async function readConfigOf(source: Fetcher, manifest: Manifest | undefined, call: CallOptions): Promise<ReadConfig | undefined> {
  if (manifest?.kind !== "image" || manifest.configMediaType === MEDIA_TYPES.ociEmpty) return undefined;
  const { readAllVerified } = await import("@berth/oci/node");
  const blob = { ...manifest.config, mediaType: MEDIA_TYPES.octetStream }; // a blob, whatever it calls itself
  const raw = await readAllVerified(await source.fetch(blob, call), blob, { ...call, maxBytes: MAX_CONFIG });
  return { descriptor: manifest.config, raw, json: objectOf(raw) };
}

function objectOf(raw: Uint8Array): JsonObject {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(raw).toString("utf8"));
    return isJsonObject(parsed) ? parsed : {};
  } catch {
    return {}; // a config may be anything; its bytes are there
  }
}
