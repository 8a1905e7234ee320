import { type Descriptor, type Fetcher, isImageMediaType, type JsonObject, type Platform, type Pusher } from "@berth/oci";
import { type ConfigEdits, editConfigDocument } from "./config-edits.ts";
import { descriptorDocument } from "./document.ts";
import { annotateManifest, configOf, layersIn, pushImageDocument, readImageDocument } from "./image-document.ts";
import type { MapEdits } from "./member-edits.ts";
import { rewriteImages, type RewriteOptions, type Rewriting } from "./rewrite-images.ts";

/** Changes to an image. */
export interface ImageEdits extends ConfigEdits {
  /** Of the manifest. */
  readonly annotations?: MapEdits;
}

/** Options of {@link mutateImage}. */
export type MutateImageOptions = RewriteOptions;

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
  return await rewriteImages(source, descriptor, destination, options, {
    image: async (rewriting, image, manifest) => await mutateOne(rewriting, edits, image, manifest),
    entry: (before, after) => platformOf(before, after, edits.platform),
  });
}

async function mutateOne(
  { source, destination, options, copy }: Rewriting,
  { annotations, ...edits }: ImageEdits,
  descriptor: Descriptor,
  manifest: JsonObject,
): Promise<Descriptor | undefined> {
  const hasConfigEdits = Object.values(edits).some((edit) => edit !== undefined);
  const before = hasConfigEdits
    ? await readImageDocument(source, descriptor, manifest, options)
    : { descriptor, manifest, config: manifest }; // a config that is not to be changed is not read
  const annotated = annotateManifest(manifest, descriptor.mediaType, annotations);
  const changesBeside = annotations === undefined ? undefined : annotated !== manifest;
  const config = hasConfigEdits ? editConfigDocument(before.config, edits, changesBeside) : before.config;
  const after = { ...before, manifest: annotated, config };
  if (after.manifest === before.manifest && after.config === before.config) return undefined;
  for (const layer of layersIn(manifest)) await copy(layer, source);
  if (after.config === before.config) await copy(configOf(manifest), source);
  return await pushImageDocument(destination, before, after, options);
}

/** The entry of an index says what the config says. */
function platformOf(entry: Descriptor, now: Descriptor, platform: Platform | undefined): JsonObject {
  const isForPlatform = platform !== undefined && isImageMediaType(entry.mediaType);
  return isForPlatform ? { platform: descriptorDocument({ ...now, platform })["platform"] } : {};
}
