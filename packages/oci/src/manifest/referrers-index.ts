import type { Descriptor } from "../descriptor.ts";
import { InvalidManifestError } from "../errors.ts";
import { MEDIA_TYPES } from "../media-types.ts";
import { DEFAULT_MAX_REFERENCES } from "./decode.ts";
import { readAnnotations, readArray, readDescriptor, readString } from "./fields.ts";
import { isJsonObject, type JsonObject, parseJsonObject } from "./json.ts";

/** One entry of a list of referrers. */
export interface ReferrersEntry {
  /** As it came, with members that nobody here knows. */
  readonly raw: JsonObject;
  /** Undefined when it cannot be read, say for a digest algorithm that is not known. */
  readonly descriptor: Descriptor | undefined;
}

/** An index that lists referrers: the answer of the referrers API, or what stands under a referrers tag. */
export interface ReferrersIndex {
  /** The whole object, as it came. */
  readonly body: JsonObject;
  /** Without entries that are empty or name content a second time. */
  readonly entries: readonly ReferrersEntry[];
  /** How many entries were dropped as empty or repeated. */
  readonly dropped: number;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A change of a list of referrers. An entry that is there is not added again; removing what is not there does nothing. */
export interface ReferrersChange {
  readonly action: "add" | "remove";
  readonly descriptor: Descriptor;
}

/**
 * Decodes a list of referrers. It is laxer than `decodeManifest`: one bad entry, written by whomever, must not hide all others.
 *
 * @throws {InvalidManifestError} when the bytes are no index.
 */
export function decodeReferrersIndex(bytes: Uint8Array): ReferrersIndex {
  const body = parseJsonObject(bytes);
  const mediaType = readString(body["mediaType"], "mediaType");
  if (mediaType !== undefined && mediaType !== "" && mediaType !== MEDIA_TYPES.ociIndex) {
    throw new InvalidManifestError(`mediaType is "${mediaType.slice(0, 255)}", expected "${MEDIA_TYPES.ociIndex}"`);
  }
  const list = readArray(body["manifests"], "manifests", DEFAULT_MAX_REFERENCES);
  const annotations = readAnnotations(body["annotations"], "annotations");
  const entries = tidy(list.filter(isEntry).map((raw) => ({ raw, descriptor: descriptorOf(raw) })));
  return { body, entries, dropped: list.length - entries.length, ...(annotations && { annotations }) };
}

function isEntry(value: unknown): value is JsonObject {
  return isJsonObject(value) && Object.keys(value).length > 0 && value["digest"] !== "";
}

/** Drops what names content a second time. */
function tidy(entries: readonly ReferrersEntry[]): readonly ReferrersEntry[] {
  const seen = new Set<string>();
  return entries.filter((entry) => {
    const key = entry.descriptor?.digest ?? JSON.stringify(entry.raw);
    return seen.size !== seen.add(key).size;
  });
}

function descriptorOf(raw: JsonObject): Descriptor | undefined {
  try {
    return readDescriptor(raw, "manifests");
  } catch (error) {
    if (error instanceof InvalidManifestError) return undefined;
    throw error;
  }
}

/** Makes changes in order. Entries keep their place; new ones go to the end. Content counts as the same when its digest is. */
export function changeReferrers(entries: readonly ReferrersEntry[], changes: readonly ReferrersChange[]): readonly ReferrersEntry[] {
  const byKey = new Map<string, ReferrersEntry>(entries.map((entry, i) => [entry.descriptor?.digest ?? `unreadable ${i}`, entry]));
  for (const { action, descriptor } of changes) {
    if (action === "remove") byKey.delete(descriptor.digest);
    else if (!byKey.has(descriptor.digest)) byKey.set(descriptor.digest, { raw: { ...descriptor }, descriptor });
  }
  return [...byKey.values()];
}

/** True when the list is as the last change of each referrer wants it. */
export function hasChanges(entries: readonly ReferrersEntry[], changes: readonly ReferrersChange[]): boolean {
  const present = new Set(entries.map((entry) => entry.descriptor?.digest));
  const wanted = new Map(changes.map(({ action, descriptor }) => [descriptor.digest, action === "add"]));
  return [...wanted].every(([digest, isWanted]) => present.has(digest) === isWanted);
}

/** Writes a list of referrers. `body` holds further members, kept as they are; default: none. */
export function encodeReferrersIndex(entries: readonly ReferrersEntry[], body: JsonObject = {}): Uint8Array {
  const manifests = entries.map((entry) => entry.raw);
  return new TextEncoder().encode(JSON.stringify({ ...body, schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests }));
}
