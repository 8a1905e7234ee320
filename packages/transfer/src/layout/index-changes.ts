import { type Descriptor, type Digest, isJsonObject } from "@berth/oci";
import { type IndexEntry, type IndexItem, indexOf, type LayoutIndex } from "./index-json.ts";
import { CONTAINERD_NAME, findByName, isCalled, isNamesake, REF_NAME } from "./names.ts";

// Each gives the index as it is afterwards; the same one when there is nothing to change, which is then not written.

/** Names content, and takes that name from whatever had it. */
export function tagEntry(index: LayoutIndex, target: Descriptor, name: string): LayoutIndex {
  if (index.entries.some((entry) => isTagged(entry, target, name))) return index;
  const { items } = unnamed(index, (entry) => isCalled(entry, name));
  const entry = entryOf({ ...target, annotations: { ...target.annotations, [REF_NAME]: name } });
  const bare = items.findIndex(({ raw, descriptor }) => descriptor?.digest === target.digest && isBare(raw));
  return indexOf(index.body, bare < 0 ? [...items, entry] : items.with(bare, entry));
}

/** Takes a name away. Its entry stays without it, unless it then says nothing that another one does not. @throws {NotFoundError} @throws {AmbiguousNameError} */
export function untagEntry(index: LayoutIndex, name: string): LayoutIndex {
  const found = findByName(
    index.entries.map(({ descriptor }) => descriptor),
    name,
  );
  return unnamed(index, (entry) => isNamesake(entry, found));
}

/** Has the index hold content, by whatever name or none. */
export function addEntry(index: LayoutIndex, { mediaType, digest, size }: Descriptor): LayoutIndex {
  if (index.entries.some(({ descriptor }) => descriptor.digest === digest)) return index;
  return indexOf(index.body, [...index.items, entryOf({ mediaType, digest, size })]);
}

/** Takes every entry of content away. */
export function removeEntries(index: LayoutIndex, digests: ReadonlySet<Digest>): LayoutIndex {
  return without(index, ({ descriptor }) => digests.has(descriptor.digest));
}

/** Takes away the entries of content that say nothing but that it is there. */
export function removeBareEntries(index: LayoutIndex, digests: ReadonlySet<Digest>): LayoutIndex {
  return without(index, ({ raw, descriptor }) => digests.has(descriptor.digest) && isBare(raw));
}

function without(index: LayoutIndex, isOut: (entry: IndexEntry) => boolean): LayoutIndex {
  const items = index.items.filter((item) => item.descriptor === undefined || !isOut(item));
  return items.length === index.items.length ? index : indexOf(index.body, items);
}

/** Takes their names from entries. */
function unnamed(index: LayoutIndex, isOut: (entry: Descriptor) => boolean): LayoutIndex {
  const isIn = ({ descriptor }: IndexItem): boolean => descriptor === undefined || !isOut(descriptor);
  const others = new Set(index.items.filter(isIn).map(({ descriptor }) => descriptor?.digest));
  const items = index.items.flatMap((item) => {
    if (item.descriptor === undefined || isIn(item)) return [item];
    const { digest } = item.descriptor;
    const rest = withoutName(item);
    if (others.has(digest) && isBare(rest.raw)) return [];
    others.add(digest);
    return [rest];
  });
  return indexOf(index.body, items);
}

function entryOf(descriptor: Descriptor): IndexEntry {
  return { raw: { ...descriptor }, descriptor };
}

function isTagged({ descriptor }: IndexEntry, target: Descriptor, name: string): boolean {
  return descriptor.digest === target.digest && descriptor.mediaType === target.mediaType && isCalled(descriptor, name);
}

/** True for an entry that says no more than {@link indexChanges.add} writes. */
function isBare(raw: unknown): boolean {
  return isJsonObject(raw) && Object.keys(raw).every((key) => key === "mediaType" || key === "digest" || key === "size");
}

function withoutName({ raw, descriptor }: IndexEntry): IndexEntry {
  const { annotations: all, ...rest } = descriptor;
  const { annotations: _all, ...rawRest } = raw;
  const { [REF_NAME]: _name, [CONTAINERD_NAME]: _containerd, ...annotations } = all ?? {};
  if (Object.keys(annotations).length === 0) return { raw: rawRest, descriptor: rest };
  return { raw: { ...rawRest, annotations }, descriptor: { ...rest, annotations } };
}
