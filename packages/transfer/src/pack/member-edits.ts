import { isJsonObject, type JsonObject } from "@berth/oci";

/** Changes to a map of strings: a string sets, null takes away, undefined leaves alone. */
export type MapEdits = Readonly<Record<string, string | null | undefined>>;

/** What changes to one member mean: undefined leaves it alone, null takes it away. */
export type Edit<T> = T | null | undefined;

/** The document with a member set, or without it when `value` is undefined; the same document when nothing changes. */
export function withMember(document: JsonObject, name: string, value: unknown): JsonObject {
  if (value === undefined ? !Object.hasOwn(document, name) : isSame(document[name], value)) return document;
  const members = Object.entries(document).filter(([key]) => key !== name || value !== undefined);
  const at = members.findIndex(([key]) => key === name);
  if (value !== undefined) members.splice(at < 0 ? members.length : at, at < 0 ? 0 : 1, [name, value]);
  return Object.fromEntries(members);
}

/** Equal as JSON, with the members in the same order. */
function isSame(a: unknown, b: unknown): boolean {
  return a === b || (typeof a === "object" && typeof b === "object" && JSON.stringify(a) === JSON.stringify(b));
}

/** {@link withMember} as an edit says. */
export function editMember(document: JsonObject, name: string, edit: Edit<unknown>): JsonObject {
  return edit === undefined ? document : withMember(document, name, edit ?? undefined);
}

/** The same value when nothing changes. Anything but a map counts as an empty one. */
function editMap(map: unknown, edits: Readonly<Record<string, unknown>>): unknown {
  const before: JsonObject = isJsonObject(map) ? map : {};
  const after = new Map(Object.entries(before));
  for (const [key, value] of Object.entries(edits)) {
    if (value === null) after.delete(key);
    else if (value !== undefined) after.set(key, value);
  }
  const isSame = after.size === Object.keys(before).length && [...after].every(([key, value]) => before[key] === value);
  if (isSame) return map;
  return after.size === 0 ? undefined : Object.fromEntries(after);
}

/** The document with a map of strings changed; the same document when nothing changes, without the map when that is empty afterwards. */
export function editMapMember(document: JsonObject, name: string, edits: Readonly<Record<string, unknown>> | undefined): JsonObject {
  if (edits === undefined) return document;
  const map = editMap(document[name], edits);
  return map === document[name] ? document : withMember(document, name, map);
}

/** The members of a manifest in the order in which programs of Go write them; others follow. */
const MANIFEST_ORDER = ["schemaVersion", "mediaType", "artifactType", "config", "layers", "manifests", "blobs", "subject", "annotations"];

/** The document with its members in the usual order. */
export function inManifestOrder(document: JsonObject): JsonObject {
  const place = (name: string): number => (MANIFEST_ORDER.includes(name) ? MANIFEST_ORDER.indexOf(name) : MANIFEST_ORDER.length);
  return Object.fromEntries(Object.entries(document).sort(([a], [b]) => place(a) - place(b)));
}
