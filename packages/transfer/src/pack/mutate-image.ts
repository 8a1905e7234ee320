import {
  type Descriptor,
  digestAlgorithm,
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
import { descriptorOf } from "@berth/oci/node";
import { ATTACHED_TO } from "../copy/children.ts";
import { type ConfigEdits, editConfigDocument } from "./config-edits.ts";
import { contentCopier, type EditOptions } from "./copy-content.ts";
import { descriptorDocument, formatDocument, parseDocument, plainDescriptor } from "./document.ts";
import { fetchBytes } from "./fetch-bytes.ts";
import { annotateManifest, configOf, hasImageConfig, layersIn, pushImageDocument, readImageDocument } from "./image-document.ts";
import { indexEntries } from "./index-edits.ts";
import { editMapMember, inManifestOrder, type MapEdits, withMember } from "./member-edits.ts";
import { pushBytes } from "./pack-blob.ts";

/** Changes to an image. */
export interface ImageEdits extends ConfigEdits {
  /** Of the manifest. */
  readonly annotations?: MapEdits;
}

/** Options of {@link mutateImage}. */
export interface MutateImageOptions extends EditOptions {
  /** Of an index, only the images for these platforms; default all. */
  readonly platforms?: readonly Platform[];
}

/** Indexes within indexes, at most. */
const MAX_DEPTH = 8;

/**
 * Changes an image, or every image of an index, and pushes what is new with all that it needs. Only what changes gets another digest, and
 * members that nobody named survive. What is attached to an image of an index, such as attestations of its build, stays as it is and goes
 * on being attached; artifacts in an index are left alone.
 *
 * @returns the descriptor of the new manifest, which has no tag yet; that of the old one when nothing changes.
 * @throws {InvalidPackError} @throws {InvalidImageConfigError} @throws {InvalidManifestError} @throws {NotFoundError}
 * @throws {UnsupportedError} for what is no image, configs that are none of an image, and annotations on Docker manifests.
 * @see crane, "mutate"; regctl, "image mod"
 */
export async function mutateImage(
  source: Fetcher,
  descriptor: Descriptor,
  edits: ImageEdits,
  destination: Pusher,
  options: MutateImageOptions = {},
): Promise<Descriptor> {
  const { annotations, ...config } = edits;
  const mutation: Mutation = { source, destination, options, annotations, config, copy: contentCopier(destination, options) };
  return await mutate(mutation, descriptor, 0);
}

interface Mutation {
  readonly source: Fetcher;
  readonly destination: Pusher;
  readonly options: MutateImageOptions;
  readonly annotations: MapEdits | undefined;
  readonly config: ConfigEdits;
  readonly copy: (content: Descriptor, from: Fetcher) => Promise<void>;
}

async function mutate(mutation: Mutation, descriptor: Descriptor, depth: number): Promise<Descriptor> {
  const { mediaType } = descriptor;
  if (depth > MAX_DEPTH) throw new LimitExceededError({ what: "index with more indexes in each other", limit: MAX_DEPTH });
  if (!isImageMediaType(mediaType) && !isIndexMediaType(mediaType)) {
    throw new UnsupportedError(`change content of type "${mediaType}" as an image`);
  }
  const document = parseDocument(await fetchBytes(mutation.source, descriptor, mutation.options));
  if (isIndexMediaType(mediaType)) return await mutateIndex(mutation, descriptor, document, depth);
  return await mutateOne(mutation, descriptor, document, depth);
}

async function mutateOne(mutation: Mutation, descriptor: Descriptor, manifest: JsonObject, depth: number): Promise<Descriptor> {
  const { source, destination, options, copy } = mutation;
  if (depth > 0 && !hasImageConfig(manifest)) return await leave(mutation, descriptor);
  const annotate = (document: JsonObject): JsonObject => annotateManifest(document, descriptor.mediaType, mutation.annotations);
  const hasConfigEdits = Object.values(mutation.config).some((edit) => edit !== undefined);
  const before = hasConfigEdits
    ? await readImageDocument(source, descriptor, manifest, options)
    : { descriptor, manifest, config: manifest }; // a config that is not to be changed is not read
  const config = hasConfigEdits ? editConfigDocument(before.config, mutation.config) : before.config;
  const after = { ...before, manifest: annotate(manifest), config };
  if (after.manifest === before.manifest && after.config === before.config) return await leave(mutation, descriptor);
  for (const layer of layersIn(manifest)) await copy(layer, source);
  if (after.config === before.config) await copy(configOf(manifest), source);
  return await pushImageDocument(destination, before, after, options);
}

async function mutateIndex(mutation: Mutation, descriptor: Descriptor, index: JsonObject, depth: number): Promise<Descriptor> {
  const entries = indexEntries(index, descriptor.mediaType);
  const changed = new Map<string, Descriptor>();
  for (const entry of entries) {
    if (!isMeant(mutation, entry)) await leave(mutation, entry);
    else changed.set(entry.digest, await mutate(mutation, entry, depth + 1));
  }
  const after = withEntries(index, entries, changed, mutation.config.platform);
  if (after === index) return await leave(mutation, descriptor);
  const bytes = formatDocument(inManifestOrder(after));
  const pushed = descriptorOf(descriptor.mediaType, bytes, digestAlgorithm(descriptor.digest));
  await pushBytes(mutation.destination, pushed, bytes, mutation.options);
  return pushed;
}

/** Images and indexes for the platforms asked for; nothing that is attached to another entry. */
function isMeant({ options: { platforms } }: Mutation, { mediaType, annotations, platform }: Descriptor): boolean {
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
  platform: Platform | undefined,
): JsonObject {
  const documents: readonly unknown[] = Array.isArray(index["manifests"]) ? index["manifests"] : [];
  const after = documents.map((document, i) => {
    const entry = entries[i];
    if (entry === undefined || !isJsonObject(document)) return document;
    const host = changed.get(entry.annotations?.[ATTACHED_TO] ?? "");
    if (host !== undefined) return editMapMember(document, "annotations", { [ATTACHED_TO]: host.digest });
    const now = changed.get(entry.digest);
    if (now === undefined || now.digest === entry.digest) return document;
    const { digest, size } = now;
    const isForPlatform = platform !== undefined && isImageMediaType(entry.mediaType);
    return { ...document, digest, size, ...(isForPlatform && { platform: descriptorDocument({ ...now, platform })["platform"] }) };
  });
  return after.every((document, i) => document === documents[i]) ? index : withMember(index, "manifests", after);
}

async function leave({ source, copy }: Mutation, descriptor: Descriptor): Promise<Descriptor> {
  await copy(plainDescriptor(descriptor), source);
  return plainDescriptor(descriptor);
}
