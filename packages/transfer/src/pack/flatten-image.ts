import { decodeManifest, type Descriptor, type Fetcher, isJsonObject, type JsonObject, type Pusher, UnsupportedError } from "@berth/oci";
import { encodeEntries } from "../image/flatten.ts";
import { readImageConfig } from "../image/image-config.ts";
import type { LayerCompression } from "../image/layer-compression.ts";
import type { LayerLimits } from "../image/layer-limits.ts";
import { mergedEntries } from "../image/merged-entries.ts";
import { matchLayers } from "../image/read-image.ts";
import { compressToFile } from "./compress-to-file.ts";
import { descriptorDocument, formatDocument } from "./document.ts";
import { pushImageDocument, readImageDocument } from "./image-document.ts";
import { familyOf, layerMediaType } from "./layer-types.ts";
import { withMember } from "./member-edits.ts";
import { pushUnlessThere } from "./pack-blob.ts";
import { rewriteImages, type RewriteOptions, type Rewriting } from "./rewrite-images.ts";

/** Options of {@link flattenImage}. */
export interface FlattenImageOptions extends RewriteOptions {
  /** Default `gzip`. */
  readonly compression?: LayerCompression;
  /** 1 to 9 for gzip, 1 to 19 for zstd; default 6 and 3. */
  readonly level?: number;
  /** What the layers may hold, all together; default those that {@link LayerLimits} names. */
  readonly limits?: LayerLimits;
  /** The folder for what is compressed; default that of the system for such files. */
  readonly temporaryFolder?: string;
}

/**
 * Makes one layer of all layers of an image, or of every image of an index, and pushes the result with all that it needs. What was removed
 * or replaced by upper layers is gone; the rest of the config stays, and its history says what was flattened.
 *
 * @returns the descriptor of the new manifest, which has no tag yet.
 * @throws {RootfsMismatchError} @throws {DigestMismatchError} @throws {InvalidLayerError} @throws {UnsafeEntryError} @throws {LimitExceededError}
 * @throws {UnsupportedError} for artifacts. @see crane, "flatten"
 */
export async function flattenImage(
  source: Fetcher,
  descriptor: Descriptor,
  destination: Pusher,
  options: FlattenImageOptions = {},
): Promise<Descriptor> {
  return await rewriteImages(source, descriptor, destination, options, {
    image: async (rewriting, image, manifest) => await flattenOne(rewriting, options, image, manifest),
  });
}

async function flattenOne(
  { source, destination }: Rewriting,
  options: FlattenImageOptions,
  image: Descriptor,
  manifest: JsonObject,
): Promise<Descriptor> {
  const { compression = "gzip", level, limits, signal, temporaryFolder } = options;
  const call = signal && { signal };
  const before = await readImageDocument(source, image, manifest, { ...call });
  const decoded = decodeManifest(formatDocument(manifest), image.mediaType);
  if (decoded.kind !== "image") throw new UnsupportedError(`flatten ${decoded.kind}`);
  const layers = matchLayers(decoded, readImageConfig(formatDocument(before.config)));
  const entries = mergedEntries(source, layers, { ...call, ...(limits && { limits }) });
  await using file = await compressToFile(encodeEntries(entries), {
    ...call,
    compression,
    ...(level !== undefined && { level }),
    ...(temporaryFolder !== undefined && { temporaryFolder }),
  });
  const mediaType = layerMediaType(familyOf(image.mediaType), compression);
  const layer: Descriptor = { mediaType, digest: file.digest, size: file.size };
  await pushUnlessThere(destination, layer, file.source, { ...call });
  const created: unknown = before.config["created"];
  const rootfs = before.config["rootfs"];
  let config = withMember(before.config, "rootfs", { ...(isJsonObject(rootfs) ? rootfs : {}), diff_ids: [file.contentDigest] });
  config = withMember(config, "history", [{ created, created_by: `berth flatten ${image.digest}` }]);
  const after = { ...before, manifest: withMember(manifest, "layers", [descriptorDocument(layer)]), config };
  return await pushImageDocument(destination, before, after, { ...call });
}
