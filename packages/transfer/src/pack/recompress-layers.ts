import {
  decodeManifest,
  type Descriptor,
  type Fetcher,
  isForeignLayerMediaType,
  isJsonObject,
  type JsonObject,
  type Pusher,
  UnsupportedError,
} from "@berth/oci";
import { ArtifactError } from "../image/errors.ts";
import type { LayerCompression } from "../image/layer-compression.ts";
import { LayerBudget, type LayerLimits } from "../image/layer-limits.ts";
import { readImageConfig } from "../image/image-config.ts";
import { type ImageLayer, matchLayers } from "../image/read-image.ts";
import { readLayerArchive } from "../image/read-layer.ts";
import { compressToFile } from "./compress-to-file.ts";
import { formatDocument } from "./document.ts";
import { fetchBytes, MAX_CONFIG_BYTES } from "./fetch-bytes.ts";
import { configOf, hasImageConfig, layerDocuments, pushManifest } from "./image-document.ts";
import { familyOf, isCompressedAs, layerMediaType } from "./layer-types.ts";
import { withMember } from "./member-edits.ts";
import { pushUnlessThere } from "./pack-blob.ts";
import { rewriteImages, type RewriteOptions, type Rewriting } from "./rewrite-images.ts";

/** Options of {@link recompressLayers}. */
export interface RecompressLayersOptions extends RewriteOptions {
  readonly to: LayerCompression;
  /** 1 to 9 for gzip, 1 to 19 for zstd; default 6 and 3. When it is set, layers that are compressed that way already are compressed anew. */
  readonly level?: number;
  /** What the layers may hold; default those that {@link LayerLimits} names. */
  readonly limits?: LayerLimits;
  /** The folder for what is compressed, one layer at a time; default that of the system for such files. */
  readonly temporaryFolder?: string;
}

/** Notes about places within a compressed layer, which mean nothing for another one. @see stargz-snapshotter; containers/storage, zstd:chunked */
const BOUND_TO_BYTES = /^(?:containerd\.io\/snapshot\/|io\.github\.containers\.zstd-chunked\.)/;

/**
 * Compresses the layers of an image, or of every image of an index, another way, and pushes the result with all that it needs. What the
 * layers hold stays the same, which is checked: the config keeps its digest. Foreign layers stay as they are.
 *
 * @returns the descriptor of the new manifest, which has no tag yet; that of the old one when nothing changes.
 * @throws {RootfsMismatchError} @throws {DigestMismatchError} @throws {InvalidLayerError} @throws {LimitExceededError} @throws {UnsupportedError}
 */
export async function recompressLayers(
  source: Fetcher,
  descriptor: Descriptor,
  destination: Pusher,
  options: RecompressLayersOptions,
): Promise<Descriptor> {
  const known = new Map<string, Promise<Descriptor>>();
  return await rewriteImages(source, descriptor, destination, options, {
    image: async (rewriting, image, manifest) => await recompressOne(rewriting, options, image, manifest, known),
  });
}

async function recompressOne(
  { source, destination, copy }: Rewriting,
  options: RecompressLayersOptions,
  { mediaType, digest }: Descriptor,
  document: JsonObject,
  known: Map<string, Promise<Descriptor>>,
): Promise<Descriptor | undefined> {
  const { to, level, limits, signal } = options;
  if (!hasImageConfig(document)) throw new ArtifactError("compress layers of", configOf(document).mediaType);
  const manifest = decodeManifest(formatDocument(document), mediaType);
  if (manifest.kind !== "image") throw new UnsupportedError(`compress layers of ${manifest.kind}`);
  const call = signal && { signal };
  const config = readImageConfig(await fetchBytes(source, manifest.config, { ...call, maxBytes: MAX_CONFIG_BYTES }));
  const budget = new LayerBudget(limits);
  const wanted = layerMediaType(familyOf(mediaType), to);
  const layers: JsonObject[] = [];
  const documents = layerDocuments(document);
  for (const layer of matchLayers(manifest, config)) {
    const before = documents[layer.index] ?? {};
    const isLeft =
      isForeignLayerMediaType(layer.descriptor.mediaType) || (level === undefined && isCompressedAs(layer.descriptor.mediaType, to));
    if (isLeft) {
      await copy(layer.descriptor, source);
      layers.push(before);
      continue;
    }
    const key = `${layer.descriptor.digest} ${layer.diffId} ${wanted}`;
    const making = known.get(key) ?? recompress(source, layer, wanted, destination, options, budget);
    known.set(key, making);
    layers.push(replaced(before, await making));
  }
  const after = withMember(document, "layers", layers);
  if (after === document) return undefined;
  await copy(manifest.config, source);
  return await pushManifest(destination, { mediaType, digest }, after, options);
}

async function recompress(
  source: Fetcher,
  layer: ImageLayer,
  mediaType: string,
  destination: Pusher,
  { to, level, temporaryFolder, signal }: RecompressLayersOptions,
  budget: LayerBudget,
): Promise<Descriptor> {
  const call = signal && { signal };
  await using file = await compressToFile(readLayerArchive(source, layer, { ...call, budget }), {
    ...call,
    compression: to,
    ...(level !== undefined && { level }),
    ...(temporaryFolder !== undefined && { temporaryFolder }),
  });
  const descriptor: Descriptor = { mediaType, digest: file.digest, size: file.size };
  await pushUnlessThere(destination, descriptor, file.source, { ...call });
  return descriptor;
}

/** The entry of a layer with other bytes. */
function replaced(before: JsonObject, { mediaType, digest, size }: Descriptor): JsonObject {
  const { annotations, data: _, urls: __, ...rest } = before;
  const kept = Object.entries(isJsonObject(annotations) ? annotations : {}).filter(([name]) => !BOUND_TO_BYTES.test(name));
  return { ...rest, mediaType, digest, size, ...(kept.length > 0 && { annotations: Object.fromEntries(kept) }) };
}
