import {
  type Descriptor,
  type Fetcher,
  isImageMediaType,
  isIndexMediaType,
  isJsonObject,
  type JsonObject,
  LimitExceededError,
  matchesPlatform,
  type Platform,
  type Pusher,
  UnsupportedError,
} from "@berth/oci";
import { fetchByDigest } from "@berth/oci/node";
import { ATTACHED_TO, missingPlatforms, platformsNotFound } from "../copy/children.ts";
import { contentCopier, type EditOptions } from "./copy-content.ts";
import { parseDocument, plainDescriptor } from "./document.ts";
import { hasImageConfig, pushManifest } from "./image-document.ts";
import { indexEntries } from "./index-edits.ts";
import { editMapMember, withMember } from "./member-edits.ts";

/** Options of everything that changes the images of an index. */
export interface RewriteOptions extends EditOptions {
  /** Of an index, only the images for these platforms, all of which it must have; default all. */
  readonly platforms?: readonly Platform[];
}

/** Where an image is read and where it goes. */
export interface Rewriting {
  readonly source: Fetcher;
  readonly destination: Pusher;
  readonly options: RewriteOptions;
  /** Brings content that stays as it is to the destination. */
  readonly copy: (content: Descriptor, from: Fetcher) => Promise<void>;
}

/** What is done to images, and to the indexes that hold them. */
export interface Rewrite {
  /** Makes and pushes another image; undefined leaves it as it is. */
  readonly image: (rewriting: Rewriting, descriptor: Descriptor, manifest: JsonObject) => Promise<Descriptor | undefined>;
  /** Changes the document of an index whose entries lead to the changed images already; default: nothing else. */
  readonly index?: (document: JsonObject, mediaType: string) => { readonly document: JsonObject; readonly mediaType: string };
  /** Members of an entry besides its digest and size that follow from what became of the image; default: its media type. */
  readonly entry?: (before: Descriptor, after: Descriptor) => JsonObject;
}

/** Indexes within indexes, at most. */
const MAX_DEPTH = 8;

/**
 * Changes an image, or every image of an index, and pushes what is new with all that it needs. What is attached to an image of an index,
 * such as attestations of its build, stays as it is and goes on being attached; artifacts in an index are left alone.
 *
 * @returns the descriptor of the new manifest, which has no tag yet; that of the old one when nothing changes.
 * @throws {UnsupportedError} for what is neither image nor index. @throws {PlatformNotFoundError} before anything is pushed.
 */
export async function rewriteImages(
  source: Fetcher,
  descriptor: Descriptor,
  destination: Pusher,
  options: RewriteOptions,
  rewrite: Rewrite,
): Promise<Descriptor> {
  const rewriting = { source, destination, options, copy: contentCopier(destination, options) };
  return await visit(rewriting, rewrite, descriptor, 0);
}

async function visit(rewriting: Rewriting, rewrite: Rewrite, told: Descriptor, depth: number): Promise<Descriptor> {
  const { mediaType } = told;
  if (depth > MAX_DEPTH) throw new LimitExceededError({ what: "index with more indexes in each other", limit: MAX_DEPTH });
  if (!isImageMediaType(mediaType) && !isIndexMediaType(mediaType)) {
    throw new UnsupportedError(`change content of type "${mediaType}" as an image`);
  }
  const { descriptor, bytes } = await fetchByDigest(rewriting.source, told, rewriting.options);
  const document = parseDocument(bytes);
  if (isIndexMediaType(mediaType)) return await visitIndex(rewriting, rewrite, descriptor, document, depth);
  const isLeft = depth > 0 && !hasImageConfig(document);
  const made = isLeft ? undefined : await rewrite.image(rewriting, descriptor, document);
  return made ?? (await leave(rewriting, descriptor));
}

async function visitIndex(
  rewriting: Rewriting,
  rewrite: Rewrite,
  descriptor: Descriptor,
  index: JsonObject,
  depth: number,
): Promise<Descriptor> {
  const entries = indexEntries(index, descriptor.mediaType);
  const { platforms = [] } = rewriting.options;
  const missing = depth > 0 || entries.some(({ mediaType }) => isIndexMediaType(mediaType)) ? [] : missingPlatforms(entries, platforms);
  if (missing.length > 0) throw platformsNotFound(entries, missing);
  const changed = new Map<string, Descriptor>();
  for (const entry of entries) {
    if (!isMeant(rewriting, entry)) await leave(rewriting, entry);
    else changed.set(entry.digest, await visit(rewriting, rewrite, entry, depth + 1));
  }
  const { mediaType } = descriptor;
  const withChanges = withEntries(index, entries, changed, rewrite);
  const after = rewrite.index?.(withChanges, mediaType) ?? { document: withChanges, mediaType };
  if (after.document === index) return await leave(rewriting, descriptor);
  const like = { mediaType: after.mediaType, digest: descriptor.digest };
  return await pushManifest(rewriting.destination, like, after.document, rewriting.options);
}

/** Images and indexes for the platforms asked for; nothing that is attached to another entry. */
function isMeant({ options: { platforms } }: Rewriting, { mediaType, annotations, platform }: Descriptor): boolean {
  if (annotations?.[ATTACHED_TO] !== undefined) return false;
  if (isIndexMediaType(mediaType)) return true;
  if (!isImageMediaType(mediaType)) return false;
  return platforms === undefined || (platform !== undefined && platforms.some((wanted) => matchesPlatform(wanted, platform)));
}

/** The index with its entries pointing at what became of them. */
function withEntries(
  index: JsonObject,
  entries: readonly Descriptor[],
  changed: ReadonlyMap<string, Descriptor>,
  { entry: moreOf = ({ mediaType: before }, { mediaType }) => (mediaType === before ? {} : { mediaType }) }: Rewrite,
): JsonObject {
  const documents: readonly unknown[] = Array.isArray(index["manifests"]) ? index["manifests"] : [];
  const after = documents.map((document, i) => {
    const entry = entries[i];
    if (entry === undefined || !isJsonObject(document)) return document;
    const host = changed.get(entry.annotations?.[ATTACHED_TO] ?? "");
    if (host !== undefined) return editMapMember(document, "annotations", { [ATTACHED_TO]: host.digest });
    const now = changed.get(entry.digest);
    if (now === undefined || now.digest === entry.digest) return document;
    const { data: _, urls: __, ...rest } = document; // they are of the bytes that were
    return { ...rest, digest: now.digest, size: now.size, ...moreOf(entry, now) };
  });
  return after.every((document, i) => document === documents[i]) ? index : withMember(index, "manifests", after);
}

async function leave({ source, copy }: Rewriting, descriptor: Descriptor): Promise<Descriptor> {
  await copy(plainDescriptor(descriptor), source);
  return plainDescriptor(descriptor);
}
