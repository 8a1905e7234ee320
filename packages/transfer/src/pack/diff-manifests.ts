import { type Descriptor, formatPlatform, isJsonObject, type JsonObject, type Manifest } from "@berth/oci";
import { diffJson, type JsonChange } from "./diff-json.ts";
import { diffLists, type ListItem } from "./diff-lists.ts";
import { parseDocument } from "./document.ts";

/** An entry of an index, before and after. */
export interface EntryDiff {
  /** Undefined for an entry that names none. */
  readonly platform: string | undefined;
  readonly state: "shared" | "changed" | "added" | "removed";
  /** Undefined when it was added. */
  readonly before?: Descriptor;
  /** Undefined when it was removed. */
  readonly after?: Descriptor;
}

/** Bytes of layers or blobs, each counted as often as it is named: `shared` by both sides, `removed` from the first, `added` by the second. */
export interface SizeDiff {
  readonly shared: number;
  readonly added: number;
  readonly removed: number;
}

/** A layer or blob, before or after. */
export interface LayerDiff extends ListItem<Descriptor> {
  /** Members of the descriptor of a shared one that differ, such as its annotations; undefined when none does. */
  readonly changes?: readonly JsonChange[];
}

/** How two manifests differ. */
export interface ManifestDiff {
  /** Members other than the lists below. */
  readonly fields: readonly JsonChange[];
  /** Layers of images, or blobs of artifacts, bottom first. */
  readonly layers: readonly LayerDiff[];
  readonly layerBytes: SizeDiff;
  /** Entries of indexes: those with the same digest, then those for the same platform belong together. */
  readonly entries: readonly EntryDiff[];
}

/** Lists that are compared by what they name. */
const LISTS: ReadonlySet<string> = new Set(["layers", "blobs", "manifests", "fsLayers"]);

/** Compares two manifests of any kinds. They are equal, perhaps written in another order, when nothing is told. */
export function diffManifests(before: Manifest, after: Manifest): ManifestDiff {
  const layers = diffLayers(partsOf(before), partsOf(after));
  const bytes = (state: ListItem<Descriptor>["state"]): number =>
    layers.reduce((sum, one) => sum + (one.state === state ? one.item.size : 0), 0);
  return {
    fields: diffJson(membersOf(before), membersOf(after)),
    layers,
    layerBytes: { shared: bytes("shared"), added: bytes("added"), removed: bytes("removed") },
    entries: diffEntries(entriesOf(before), entriesOf(after)),
  };
}

function diffLayers(before: readonly Descriptor[], after: readonly Descriptor[]): readonly LayerDiff[] {
  const old = before.values(); // every one comes in order, shared or removed
  return diffLists(before, after, ({ digest }) => digest).map((one) => {
    const was = one.state === "added" ? undefined : old.next().value;
    const changes = one.state === "shared" ? diffJson(was, one.item) : [];
    return changes.length === 0 ? one : { ...one, changes };
  });
}

function membersOf({ raw, mediaType }: Manifest): JsonObject {
  const document = parseDocument(raw);
  const members = Object.entries(document).filter(([name, value]) => !LISTS.has(name) || isJsonObject(value));
  return { ...Object.fromEntries(members), mediaType };
}

function partsOf({ references }: Manifest): readonly Descriptor[] {
  return references.filter(({ kind }) => kind === "layer" || kind === "blob").map(({ descriptor }) => descriptor);
}

function entriesOf({ references }: Manifest): readonly Descriptor[] {
  return references.filter(({ kind }) => kind === "child").map(({ descriptor }) => descriptor);
}

function diffEntries(before: readonly Descriptor[], after: readonly Descriptor[]): readonly EntryDiff[] {
  const left = new Set(before);
  const take = (isMatch: (entry: Descriptor) => boolean): Descriptor | undefined => {
    const found = [...left].find(isMatch);
    if (found !== undefined) left.delete(found);
    return found;
  };
  const sameDigest = after.map((entry) => take(({ digest }) => digest === entry.digest));
  const paired = after.map((entry, i): EntryDiff => {
    const platform = platformOf(entry);
    const old = sameDigest[i] ?? (platform === undefined ? undefined : take((one) => platformOf(one) === platform));
    if (old === undefined) return { platform, state: "added", after: entry };
    return { platform, state: diffJson(old, entry).length === 0 ? "shared" : "changed", before: old, after: entry };
  });
  const gone = [...left].map((entry): EntryDiff => ({ platform: platformOf(entry), state: "removed", before: entry }));
  return [...paired, ...gone];
}

function platformOf({ platform }: Descriptor): string | undefined {
  return platform === undefined ? undefined : formatPlatform(platform);
}
