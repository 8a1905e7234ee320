import {
  type Descriptor,
  InvalidManifestError,
  isJsonObject,
  type JsonObject,
  LimitExceededError,
  MEDIA_TYPES,
  parseJsonObject,
  readDescriptor,
} from "@berth/oci";

/** One entry of `index.json`. */
export interface IndexEntry {
  /** As it came, with members that nobody here knows. */
  readonly raw: JsonObject;
  readonly descriptor: Descriptor;
}

/** An entry, or what stands where one should. */
export type IndexItem = IndexEntry | { readonly raw: unknown; readonly descriptor?: undefined };

/** What `index.json` holds. */
export interface LayoutIndex {
  /** The whole object, as it came. */
  readonly body: JsonObject;
  /** All entries, as they came; those that cannot be read have no descriptor. */
  readonly items: readonly IndexItem[];
  /** Those that can be read. */
  readonly entries: readonly IndexEntry[];
}

/** The index of an empty layout. */
export const EMPTY_INDEX: LayoutIndex = {
  body: { schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests: [] },
  items: [],
  entries: [],
};

/**
 * Reads an `index.json`. An entry that cannot be read, say for a digest algorithm that is not known, hides no others, and is kept.
 *
 * @throws {InvalidManifestError} when it is no index. @throws {LimitExceededError} when it has more than `maxEntries`.
 */
export function decodeIndex(bytes: Uint8Array, maxEntries: number): LayoutIndex {
  const body = parseJsonObject(bytes);
  const { mediaType, schemaVersion, manifests = [] } = body;
  if (typeof mediaType === "string" && mediaType !== "" && mediaType !== MEDIA_TYPES.ociIndex) {
    throw new InvalidManifestError(`mediaType is "${mediaType.slice(0, 255)}", expected "${MEDIA_TYPES.ociIndex}"`);
  }
  if (schemaVersion !== 2) throw new InvalidManifestError("schemaVersion: expected 2");
  const list: unknown = manifests ?? []; // Go programs write empty lists as null
  if (!Array.isArray(list)) throw new InvalidManifestError("manifests: expected an array");
  if (list.length > maxEntries) throw new LimitExceededError({ what: `index of ${list.length} entries`, limit: maxEntries });
  return indexOf(body, list.map(readEntry));
}

/** Writes an index with other entries; the rest stays as it came. */
export function encodeIndex(index: LayoutIndex): string {
  return JSON.stringify({ ...index.body, manifests: index.items.map(({ raw }) => raw) });
}

/** The same index with other items. */
export function indexOf(body: JsonObject, items: readonly IndexItem[]): LayoutIndex {
  return { body, items, entries: items.filter((item) => item.descriptor !== undefined) };
}

function readEntry(raw: unknown): IndexItem {
  if (!isJsonObject(raw)) return { raw };
  try {
    return { raw, descriptor: readDescriptor(raw, "manifests") };
  } catch (error) {
    if (error instanceof InvalidManifestError) return { raw };
    throw error;
  }
}
