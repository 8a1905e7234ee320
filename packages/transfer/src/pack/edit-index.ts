import {
  type Descriptor,
  digestAlgorithm,
  type Fetcher,
  isIndexMediaType,
  type ManifestFamily,
  MEDIA_TYPES,
  type Pusher,
  UnsupportedError,
} from "@berth/oci";
import { descriptorOf, fetchByDigest } from "@berth/oci/node";
import { checkMediaType } from "./check-media-type.ts";
import { contentCopier, type EditOptions } from "./copy-content.ts";
import { formatDocument, parseDocument, plainDescriptor } from "./document.ts";
import { editIndexDocument, emptyIndexDocument, indexEntries, type IndexEdits } from "./index-edits.ts";
import { describeEntries, type IndexAddition } from "./index-entry.ts";
import { pushBytes } from "./pack-blob.ts";

/** Somewhere that an index can be made: what is read there is written there too. */
export type IndexDestination = Fetcher & Pusher;

/** Changes to an index whose new entries are described by what they are. */
export interface IndexChanges extends Omit<IndexEdits, "add"> {
  /** Entries for the end, or in the place of those with the same digest and platform; default none. */
  readonly add?: readonly IndexAddition[];
}

/** What {@link createIndex} makes an index of. */
export interface CreateIndexOptions extends EditOptions, Pick<IndexEdits, "annotations" | "subject" | "artifactType"> {
  readonly manifests: readonly IndexAddition[];
  /** `docker` makes a manifest list, whose entries all need a platform; default `oci`. */
  readonly family?: ManifestFamily;
}

/**
 * Makes an index. Manifests that are elsewhere are copied first, with all that they point at.
 *
 * @returns the descriptor of the index, which has no tag yet.
 * @throws {InvalidPackError} @throws {UnsupportedError} @throws {InvalidManifestError} @throws {NotFoundError}
 * @see oras, "manifest index create"; crane, "index append"
 */
export async function createIndex(destination: IndexDestination, options: CreateIndexOptions): Promise<Descriptor> {
  const { manifests, family, annotations, subject, artifactType } = options;
  const mediaType = family === "docker" ? MEDIA_TYPES.dockerManifestList : MEDIA_TYPES.ociIndex;
  checkType(artifactType);
  const add = await additions(destination, manifests, options);
  const edits = { add, ...(annotations && { annotations }), ...(subject && { subject }), ...(artifactType && { artifactType }) };
  const bytes = formatDocument(editIndexDocument(emptyIndexDocument(mediaType), mediaType, edits));
  const descriptor = descriptorOf(mediaType, bytes);
  await pushBytes(destination, descriptor, bytes, options);
  return descriptor;
}

/**
 * Changes an index, and pushes it with all that it needs. It stays what it is, an OCI index or a Docker list, and has the same digest when
 * nothing changes.
 *
 * @returns the descriptor of the new index, which has no tag yet.
 * @throws {IndexEntryUnknownError} @throws {InvalidPackError} @throws {UnsupportedError} @throws {InvalidManifestError} @throws {NotFoundError}
 */
export async function editIndex(
  source: Fetcher,
  index: Descriptor,
  changes: IndexChanges,
  destination: IndexDestination,
  options: EditOptions = {},
): Promise<Descriptor> {
  const { mediaType, digest } = index;
  if (!isIndexMediaType(mediaType)) throw new UnsupportedError(`change content of type "${mediaType}" as an index`);
  checkType(changes.artifactType);
  const { descriptor, bytes: raw } = await fetchByDigest(source, index, options);
  const before = parseDocument(raw);
  const { add = [], ...rest } = changes;
  const added = await additions(destination, add, options);
  const after = editIndexDocument(before, mediaType, { ...rest, add: added });
  const copy = contentCopier(destination, options);
  const isNew: ReadonlySet<string> = new Set(added.map((entry) => entry.digest));
  for (const entry of indexEntries(after, mediaType)) if (!isNew.has(entry.digest)) await copy(entry, source);
  const bytes = after === before ? raw : formatDocument(after);
  const edited = after === before ? plainDescriptor(descriptor) : descriptorOf(mediaType, bytes, digestAlgorithm(digest));
  await pushBytes(destination, edited, bytes, options);
  return edited;
}

async function additions(
  destination: IndexDestination,
  list: readonly IndexAddition[],
  options: EditOptions,
): Promise<readonly Descriptor[]> {
  const copy = contentCopier(destination, options);
  const entries: Descriptor[] = [];
  for (const addition of list) {
    const from = addition.from ?? destination;
    const described = await describeEntries(from, addition, options);
    for (const entry of described) await copy(entry, from);
    entries.push(...described);
  }
  return entries;
}

function checkType(artifactType: string | null | undefined): void {
  if (artifactType !== undefined && artifactType !== null) checkMediaType("artifactType", artifactType);
}
