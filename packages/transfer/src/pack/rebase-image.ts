import {
  type Descriptor,
  type Digest,
  type Fetcher,
  isImageMediaType,
  type JsonObject,
  MEDIA_TYPES,
  type Pusher,
  UnsupportedError,
} from "@berth/oci";
import { fetchByDigest } from "@berth/oci/node";
import { contentCopier, type EditOptions } from "./copy-content.ts";
import { parseDocument } from "./document.ts";
import { annotateManifest, type ImageDocument, layersIn, pushImageDocument, readImageDocument } from "./image-document.ts";
import { rebaseDocuments } from "./rebase-edits.ts";

/** An image that others stand on. */
export interface BaseImage {
  /** Of an image: of an index, one was chosen before. */
  readonly descriptor: Descriptor;
  /** Where it is; default: where the image is. */
  readonly from?: Fetcher;
}

/** What {@link rebaseImage} puts an image on. */
export interface RebaseOptions extends EditOptions {
  readonly oldBase: BaseImage;
  readonly newBase: BaseImage & {
    /** Its reference. When given, the image is annotated with it and with the digest, so that the next rebase needs to be told neither. */
    readonly name?: string;
    /** What the reference names when that is an index; default: the digest of the image. */
    readonly digest?: Digest;
  };
}

/** By which an image says what it stands on. @see OCI image-spec, annotations.md */
export const BASE_NAME_ANNOTATION = "org.opencontainers.image.base.name";

/** By which an image says what it stands on. @see OCI image-spec, annotations.md */
export const BASE_DIGEST_ANNOTATION = "org.opencontainers.image.base.digest";

/**
 * Moves the upper layers of an image to another base, without building it again. Whether they run there is for the caller to know.
 *
 * @returns the descriptor of the new manifest, which has no tag yet; that of the old one when nothing changes.
 * @throws {BaseMismatchError} when the image does not stand on the old base.
 * @throws {UnsupportedError} for what is no image. @throws {InvalidImageConfigError} @throws {InvalidManifestError} @throws {NotFoundError}
 * @see crane, "rebase"
 */
export async function rebaseImage(
  source: Fetcher,
  descriptor: Descriptor,
  destination: Pusher,
  options: RebaseOptions,
): Promise<Descriptor> {
  const { oldBase, newBase } = options;
  const above = newBase.from ?? source;
  const image = await read(source, descriptor, options);
  const old = await read(oldBase.from ?? source, oldBase.descriptor, options);
  const base = await read(above, newBase.descriptor, options);
  const rebased = rebaseDocuments(image, old, base);
  const after = { ...rebased, manifest: annotate(rebased.manifest, descriptor.mediaType, newBase) };

  const copy = contentCopier(destination, options);
  if (after.manifest === image.manifest && after.config === image.config) await copy(descriptor, source);
  else {
    const upper = layersIn(image.manifest).slice(layersIn(old.manifest).length);
    for (const layer of layersIn(base.manifest)) await copy(layer, above);
    for (const layer of upper) await copy(layer, source);
  }
  return await pushImageDocument(destination, image, after, options);
}

async function read(source: Fetcher, image: Descriptor, options: EditOptions): Promise<ImageDocument> {
  const { mediaType } = image;
  if (!isImageMediaType(mediaType)) throw new UnsupportedError(`rebase with content of type "${mediaType}"`);
  const { descriptor, bytes } = await fetchByDigest(source, image, options);
  return await readImageDocument(source, descriptor, parseDocument(bytes), options);
}

/** Docker manifests have no annotations. */
function annotate(manifest: JsonObject, mediaType: string, { name, digest, descriptor }: RebaseOptions["newBase"]): JsonObject {
  if (name === undefined || mediaType === MEDIA_TYPES.dockerManifest) return manifest;
  return annotateManifest(manifest, mediaType, {
    [BASE_NAME_ANNOTATION]: name,
    [BASE_DIGEST_ANNOTATION]: digest ?? descriptor.digest,
  });
}
