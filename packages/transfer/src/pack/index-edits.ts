import {
  type Annotations,
  type Descriptor,
  type Digest,
  formatPlatform,
  InvalidManifestError,
  isJsonObject,
  type JsonObject,
  matchesPlatform,
  MEDIA_TYPES,
  type Platform,
  readDescriptor,
  UnsupportedError,
} from "@berth/oci";
import { ATTACHED_TO, forPlatforms } from "../copy/children.ts";
import { descriptorDocument } from "./document.ts";
import { IndexEntryUnknownError } from "./errors.ts";
import { type Edit, editMapMember, editMember, inManifestOrder, type MapEdits } from "./member-edits.ts";

/** Entries of an index: the one with a digest, or all for a platform. */
export type EntrySelector = Digest | Platform;

/** Changes to an index, in the order in which they are made. */
export interface IndexEdits {
  /** Entries to take out, and with them what is attached to them, such as the attestations of a build. */
  readonly remove?: readonly EntrySelector[];
  /** Only the entries for these platforms stay, and what is attached to them. */
  readonly keepPlatforms?: readonly Platform[];
  /** Entries to put in. One with the digest and platform of an entry that is there takes its place. */
  readonly add?: readonly Descriptor[];
  /** Annotations of single entries. */
  readonly entryAnnotations?: readonly { readonly entry: EntrySelector; readonly annotations: MapEdits }[];
  /** Of the index itself. */
  readonly annotations?: MapEdits;
  /** The manifest that the index is about. */
  readonly subject?: Edit<Descriptor>;
  readonly artifactType?: Edit<string>;
}

interface Entry {
  readonly document: JsonObject;
  readonly descriptor: Descriptor;
}

/**
 * The document of an index with changes made to it; members that nobody named survive, in entries too.
 *
 * @param mediaType of the index: a Docker list takes no subject, type or annotations, and every entry needs a platform there.
 * @throws {IndexEntryUnknownError} when an edit names no entry, or `keepPlatforms` leaves none.
 * @throws {UnsupportedError} @throws {InvalidManifestError}
 */
export function editIndexDocument(document: JsonObject, mediaType: string, edits: IndexEdits): JsonObject {
  const { remove = [], keepPlatforms, add = [], entryAnnotations = [], annotations, subject, artifactType } = edits;
  const isDocker = mediaType === MEDIA_TYPES.dockerManifestList;
  const before = readEntries(document, isDocker);
  let entries = withoutEntries(before, remove);
  if (keepPlatforms !== undefined) entries = keepEntries(entries, keepPlatforms);
  for (const descriptor of add) entries = withEntry(entries, descriptor, isDocker);
  for (const { entry, annotations: changes } of entryAnnotations) entries = annotateEntries(entries, entry, changes);
  if (isDocker && (subject || artifactType || Object.values(annotations ?? {}).some((value) => typeof value === "string"))) {
    throw new UnsupportedError("give a Docker manifest list a subject, an artifact type or annotations");
  }
  const isSame = entries.length === before.length && entries.every((entry, i) => entry.document === before[i]?.document);
  let after = isSame
    ? document
    : editMember(
        document,
        "manifests",
        entries.map((entry) => entry.document),
      );
  after = editMapMember(after, "annotations", annotations);
  after = editMember(after, "subject", subject && descriptorDocument(subject));
  after = editMember(after, "artifactType", artifactType);
  return after === document ? document : inManifestOrder(after);
}

/** An index without entries. */
export function emptyIndexDocument(mediaType: string): JsonObject {
  return { schemaVersion: 2, mediaType, manifests: [] };
}

/** The entries of an index. @throws {InvalidManifestError} */
export function indexEntries(document: JsonObject, mediaType: string): readonly Descriptor[] {
  return readEntries(document, mediaType === MEDIA_TYPES.dockerManifestList).map(({ descriptor }) => descriptor);
}

function readEntries(document: JsonObject, platformRequired: boolean): readonly Entry[] {
  const list = document["manifests"];
  if (!Array.isArray(list)) throw new InvalidManifestError("manifests: expected an array");
  return list.map((item: unknown, i) => {
    const descriptor = readDescriptor(item, `manifests[${i}]`, { platformRequired });
    return { document: isJsonObject(item) ? item : {}, descriptor };
  });
}

function isSelected(selector: EntrySelector, { digest, platform }: Descriptor): boolean {
  return typeof selector === "string" ? digest === selector : platform !== undefined && matchesPlatform(selector, platform);
}

function nameOf(selector: EntrySelector): string {
  return typeof selector === "string" ? selector : formatPlatform(selector);
}

function withoutEntries(entries: readonly Entry[], selectors: readonly EntrySelector[]): readonly Entry[] {
  for (const selector of selectors) {
    if (!entries.some(({ descriptor }) => isSelected(selector, descriptor))) throw new IndexEntryUnknownError(nameOf(selector));
  }
  const isGone = ({ descriptor }: Entry): boolean => selectors.some((selector) => isSelected(selector, descriptor));
  const kept: ReadonlySet<string> = new Set(entries.filter((entry) => !isGone(entry)).map(({ descriptor }) => descriptor.digest));
  const gone: ReadonlySet<string> = new Set(entries.map(({ descriptor }) => descriptor.digest).filter((digest) => !kept.has(digest)));
  return entries.filter((entry) => !isGone(entry) && !gone.has(entry.descriptor.annotations?.[ATTACHED_TO] ?? ""));
}

function keepEntries(entries: readonly Entry[], platforms: readonly Platform[]): readonly Entry[] {
  const descriptors = entries.map(({ descriptor }) => descriptor);
  const kept: ReadonlySet<Descriptor> = new Set(forPlatforms(descriptors, platforms));
  if (kept.size === 0) throw new IndexEntryUnknownError(platforms.map(formatPlatform).join(", "));
  return entries.filter(({ descriptor }) => kept.has(descriptor));
}

function withEntry(entries: readonly Entry[], descriptor: Descriptor, platformRequired: boolean): readonly Entry[] {
  const entry: Entry = { document: descriptorDocument(descriptor), descriptor };
  readDescriptor(entry.document, "the new entry", { platformRequired });
  const platform = (one: Descriptor): string => (one.platform === undefined ? "" : formatPlatform(one.platform));
  const at = entries.findIndex((one) => one.descriptor.digest === descriptor.digest && platform(one.descriptor) === platform(descriptor));
  return at < 0 ? [...entries, entry] : entries.with(at, entry);
}

function annotateEntries(entries: readonly Entry[], selector: EntrySelector, changes: MapEdits): readonly Entry[] {
  if (!entries.some(({ descriptor }) => isSelected(selector, descriptor))) throw new IndexEntryUnknownError(nameOf(selector));
  return entries.map((entry) => {
    if (!isSelected(selector, entry.descriptor)) return entry;
    return { ...entry, document: editMapMember(entry.document, "annotations", changes) };
  });
}

/** Annotations of an entry that is added, on top of those it has. */
export function annotated(descriptor: Descriptor, annotations: Annotations | undefined): Descriptor {
  return annotations === undefined ? descriptor : { ...descriptor, annotations: { ...descriptor.annotations, ...annotations } };
}
