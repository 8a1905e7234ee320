import {
  type ByteSource,
  type Descriptor,
  type Digest,
  type Fetcher,
  isJsonObject,
  type JsonObject,
  MEDIA_TYPES,
  type Pusher,
} from "@berth/oci";
import type { LayerCompression } from "../image/layer-compression.ts";
import { LayerBudget, type LayerLimits } from "../image/layer-limits.ts";
import { openLayer } from "../image/layer.ts";
import { readTar } from "../image/tar-reader.ts";
import { compressToFile } from "./compress-to-file.ts";
import { historyOf, textsOf } from "./config-edits.ts";
import { descriptorDocument } from "./document.ts";
import { InvalidImageConfigError } from "./errors.ts";
import { type ImageDocument, layerDocuments, layersIn, pushImageDocument, readImageDocument } from "./image-document.ts";
import { familyOf, layerMediaType } from "./layer-types.ts";
import { withMember } from "./member-edits.ts";
import { pushUnlessThere } from "./pack-blob.ts";
import { rewriteImages, type RewriteOptions, type Rewriting } from "./rewrite-images.ts";
import { tarFolder, type TarInput } from "./tar-folder.ts";
import { formatEpoch } from "./timestamps.ts";

/** What a new layer holds: a tar archive, compressed or not, or files on disk. */
export type LayerInput = ByteSource | readonly TarInput[];

/** Options of {@link appendLayer}. */
export interface AppendLayerOptions extends RewriteOptions {
  /** Default `gzip`. */
  readonly compression?: LayerCompression;
  /** 1 to 9 for gzip, 1 to 19 for zstd; default 6 and 3. */
  readonly level?: number;
  /** Time of the files, of the step in the history, and of the image, in seconds since 1970. Default: files 0, no other time. */
  readonly epoch?: number;
  /** What the history says made the layer; default `berth append`. */
  readonly createdBy?: string;
  /** Of the step in the history; default none. */
  readonly comment?: string;
  /** Of the step in the history; default none. */
  readonly author?: string;
  /** Of an archive that is given; the ratio counts when it was compressed. */
  readonly limits?: LayerLimits;
  /** The folder for what is compressed; default that of the system for such files. */
  readonly temporaryFolder?: string;
}

/**
 * Puts a layer on top of an image, or of every image of an index, and pushes the result with all that it needs. The same input gives the
 * same digests; members of manifest and config that nobody named survive.
 *
 * @returns the descriptor of the new manifest, which has no tag yet.
 * @throws {InvalidLayerError} when what is given is no archive. @throws {UnpackableFileError} @throws {LimitExceededError}
 * @throws {InvalidImageConfigError} @throws {UnsupportedError} for artifacts. @see crane, "append"
 */
export async function appendLayer(
  source: Fetcher,
  descriptor: Descriptor,
  input: LayerInput,
  destination: Pusher,
  options: AppendLayerOptions = {},
): Promise<Descriptor> {
  const { compression = "gzip", level, epoch, limits, signal, temporaryFolder } = options;
  const call = signal && { signal };
  const archive = isFiles(input)
    ? tarFolder(input, { ...call, ...(epoch !== undefined && { epoch }) })
    : openLayer(input, MEDIA_TYPES.ociLayer, { ...call, ...(limits && { limits }) });
  await using file = await compressToFile(archive, {
    ...call,
    compression,
    ...(level !== undefined && { level }),
    ...(temporaryFolder !== undefined && { temporaryFolder }),
  });
  if (!isFiles(input)) await checkArchive(file.source, limits);
  return await rewriteImages(source, descriptor, destination, options, {
    image: async (rewriting, image, manifest) => {
      const mediaType = layerMediaType(familyOf(image.mediaType), compression);
      const layer: Descriptor = { mediaType, digest: file.digest, size: file.size };
      await pushUnlessThere(destination, layer, file.source, { ...call });
      return await appendOne(rewriting, options, image, manifest, layer, file.contentDigest);
    },
  });
}

function isFiles(input: LayerInput): input is readonly TarInput[] {
  return Array.isArray(input);
}

/** A layer that is no archive would be found out by whoever runs the image. */
async function checkArchive(content: ByteSource, limits: LayerLimits | undefined): Promise<void> {
  const budget = new LayerBudget(limits);
  const own = { ...limits, maxRatio: Number.POSITIVE_INFINITY }; // how small it is was our doing
  for await (const _ of readTar(openLayer(content, MEDIA_TYPES.ociLayer, { limits: own }), budget));
}

async function appendOne(
  { source, destination, options: call, copy }: Rewriting,
  options: AppendLayerOptions,
  image: Descriptor,
  manifest: JsonObject,
  layer: Descriptor,
  diffId: Digest,
): Promise<Descriptor> {
  const before = await readImageDocument(source, image, manifest, call);
  const layers = [...layerDocuments(manifest), descriptorDocument(layer)];
  for (const below of layersIn(manifest)) await copy(below, source);
  const after = { ...before, manifest: withMember(manifest, "layers", layers), config: appendedConfig(before, diffId, options) };
  return await pushImageDocument(destination, before, after, call);
}

function appendedConfig({ manifest, config }: ImageDocument, diffId: Digest, options: AppendLayerOptions): JsonObject {
  const { epoch, createdBy = "berth append", comment, author } = options;
  const count = layersIn(manifest).length;
  const diffIds = diffIdsOf(config);
  if (diffIds.length !== count) throw new InvalidImageConfigError(`it names ${diffIds.length} layers, the manifest ${count}`);
  const created = epoch === undefined ? undefined : formatEpoch(epoch);
  const rootfs = isJsonObject(config["rootfs"]) ? config["rootfs"] : {};
  let after = withMember(config, "rootfs", { ...rootfs, type: "layers", diff_ids: [...diffIds, diffId] });
  if (created !== undefined) after = withMember(after, "created", created);
  const history = historyOf(config);
  if (history.length === 0 && count > 0) return after; // a step would seem to be about the base layer
  // the image's own time where none is given: umoci wants one for each step
  return withMember(after, "history", [...history, { created: created ?? config["created"], created_by: createdBy, author, comment }]);
}

/** The diffIDs that a config names. @throws {InvalidImageConfigError} */
function diffIdsOf(config: JsonObject): readonly string[] {
  const rootfs = config["rootfs"];
  return textsOf(isJsonObject(rootfs) ? rootfs["diff_ids"] : undefined, "rootfs.diff_ids");
}
