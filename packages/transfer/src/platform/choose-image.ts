import { PlatformNotFoundError } from "@berth/client";
import {
  type CallOptions,
  decodeManifest,
  type Descriptor,
  type Fetcher,
  formatPlatform,
  isImageMediaType,
  isIndexMediaType,
  LimitExceededError,
  type Manifest,
  MEDIA_TYPES,
  parseJsonObject,
  type Platform,
  platformOfConfig,
  rankPlatforms,
  selectPlatform,
} from "@berth/oci";
import { fetchByDigest, readAllVerified } from "@berth/oci/node";

/** Indexes within indexes, at most. */
const MAX_DEPTH = 8;
/** Indexes that are read, at most. */
const MAX_INDEXES = 64;
/** Platforms that an error names, at most. */
const MAX_NAMED = 20;
/** Bytes of a config, at most. */
const MAX_CONFIG = 8_388_608;

/** Options of {@link chooseImage}. */
export interface ChooseImageOptions extends CallOptions {
  /**
   * Whether a single image must be for the platform, as its config says. Default false: what is not an index is taken as it is.
   */
  readonly checkSingle?: boolean;
  /** What an error calls it that is looked into: `ghcr.io/acme/app:v1`. Default: its digest. */
  readonly place?: string;
}

/** An image, and the index that it was chosen from. */
export interface ChosenImage {
  readonly image: Descriptor;
  /** Undefined when what was asked for was an image already. */
  readonly index?: Descriptor;
}

/**
 * Finds the image for a platform: of an index the one that the machine runs best, looking into indexes within it. Children whose type says
 * nothing to us are passed over.
 *
 * @throws {PlatformNotFoundError} which names the platforms that there are.
 */
export async function chooseImage(
  source: Fetcher,
  root: Descriptor,
  wanted: Platform,
  options: ChooseImageOptions = {},
): Promise<ChosenImage> {
  if (!isIndexMediaType(root.mediaType)) {
    return { image: options.checkSingle === true ? await checkImage(source, root, wanted, options) : root };
  }
  const search: Search = { source, wanted, options, seen: [], indexes: 0 };
  const { descriptor, manifest } = await readManifest(source, root, options);
  const image = await searchIndex(search, manifest, 0);
  if (image === undefined) throw notFound(wanted, search.seen, root, options);
  return { image, index: descriptor };
}

interface ReadManifest {
  readonly descriptor: Descriptor;
  readonly manifest: Manifest;
}

interface Search {
  readonly source: Fetcher;
  readonly wanted: Platform;
  readonly options: CallOptions;
  /** Platforms that there are. */
  readonly seen: string[];
  indexes: number;
}

async function searchIndex(search: Search, manifest: Manifest, depth: number): Promise<Descriptor | undefined> {
  if (manifest.kind !== "index") return undefined;
  const children = manifest.manifests.filter(({ mediaType }) => isImageMediaType(mediaType) || isIndexMediaType(mediaType));
  search.seen.push(
    ...children.flatMap(({ platform }) => (platform === undefined || platform.os === "unknown" ? [] : formatPlatform(platform))),
  );
  for (const child of selectPlatform(children, search.wanted)) {
    const found = isIndexMediaType(child.mediaType) ? await searchBelow(search, child, depth + 1) : child;
    if (found !== undefined) return found;
  }
  return undefined;
}

async function searchBelow(search: Search, index: Descriptor, depth: number): Promise<Descriptor | undefined> {
  if (depth > MAX_DEPTH || ++search.indexes >= MAX_INDEXES) return undefined;
  return await searchIndex(search, (await readManifest(search.source, index, search.options)).manifest, depth);
}

/** Looks into the config of an image. Artifacts are for no platform. @returns the image as it was read. */
async function checkImage(source: Fetcher, image: Descriptor, wanted: Platform, options: ChooseImageOptions): Promise<Descriptor> {
  if (!isImageMediaType(image.mediaType)) throw notFound(wanted, [], image, options); // of an unknown type it may not even be asked for
  const { descriptor, manifest } = await readManifest(source, image, options);
  const isImage =
    manifest.kind === "image" && [MEDIA_TYPES.ociConfig, MEDIA_TYPES.dockerConfig].some((one) => one === manifest.configMediaType);
  if (!isImage) throw notFound(wanted, [], image, options);
  const { config } = manifest;
  if (config.size > MAX_CONFIG) throw new LimitExceededError({ what: `config of ${config.size} bytes`, limit: MAX_CONFIG });
  const bytes = await readAllVerified(await source.fetch(config, options), config, { ...options, maxBytes: MAX_CONFIG });
  const actual = platformOfConfig(parseJsonObject(bytes));
  if (actual === undefined || rankPlatforms(wanted, [actual]).length === 0)
    throw notFound(wanted, [actual ? formatPlatform(actual) : ""], image, options);
  return descriptor;
}

async function readManifest(source: Fetcher, target: Descriptor, options: CallOptions): Promise<ReadManifest> {
  const { descriptor, bytes } = await fetchByDigest(source, target, options);
  return { descriptor, manifest: decodeManifest(bytes, descriptor.mediaType) };
}

function notFound(
  wanted: Platform,
  seen: readonly string[],
  { digest }: Descriptor,
  { place = digest }: ChooseImageOptions,
): PlatformNotFoundError {
  return new PlatformNotFoundError(formatPlatform(wanted), [...new Set(seen)].slice(0, MAX_NAMED), { place });
}
