import {
  type CallOptions,
  type Descriptor,
  formatPlatform,
  isIndexMediaType,
  matchesPlatform,
  MEDIA_TYPES,
  type Platform,
  platformOfConfig,
  selectPlatform,
} from "@berth/oci";
import { PlatformNotFoundError } from "../errors.ts";
import { type FetchedImage, fetchDescribed, readConfig } from "./image-content.ts";
import type { RemoteRepository } from "./remote-repository.ts";

/** What an entry of an index without a platform is taken for, and what is wanted when nobody says. */
export const DEFAULT_PLATFORM: Platform = { os: "linux", architecture: "amd64" };

/** Configs that name a platform. */
const IMAGE_CONFIGS: ReadonlySet<string> = new Set([MEDIA_TYPES.ociConfig, MEDIA_TYPES.dockerConfig]);

/** Indexes within indexes, at most. */
const MAX_DEPTH = 8;

/** Platforms that an error names, at most. */
const MAX_NAMED = 20;

/** Finds the image for a platform and describes it. */
export async function selectDescriptor(
  repository: RemoteRepository,
  target: Descriptor,
  platform: Platform,
  options: CallOptions,
): Promise<Descriptor> {
  const found = await fetchDescribed(repository, target, options);
  return (await selectImage(repository, found, platform, options)).descriptor;
}

/**
 * Finds the image for a platform: in an index the first entry that matches, looking into indexes within it; a single image when its config
 * says that it is for that platform. An entry without a platform counts as linux/amd64.
 *
 * @throws {PlatformNotFoundError} which names the platforms that there are.
 */
export async function selectImage(
  repository: RemoteRepository,
  found: FetchedImage,
  platform: Platform,
  options: CallOptions,
): Promise<FetchedImage> {
  const seen: string[] = [];
  const image = await search(repository, found, platform, { seen, depth: 0, options });
  if (image !== undefined) return image;
  const place = `${repository.registry}/${repository.name}@${found.descriptor.digest}`;
  throw new PlatformNotFoundError(formatPlatform(platform), [...new Set(seen)].slice(0, MAX_NAMED), { place });
}

interface Search {
  /** Platforms that did not match. */
  readonly seen: string[];
  readonly depth: number;
  readonly options: CallOptions;
}

async function search(
  repository: RemoteRepository,
  found: FetchedImage,
  platform: Platform,
  state: Search,
): Promise<FetchedImage | undefined> {
  const { manifest } = found;
  if (manifest.kind !== "index") return (await isFor(repository, found, platform, state)) ? found : undefined;
  if (state.depth >= MAX_DEPTH) return undefined;
  const images = manifest.manifests.filter(({ mediaType }) => !isIndexMediaType(mediaType));
  state.seen.push(...images.map((entry) => formatPlatform(entry.platform ?? DEFAULT_PLATFORM)));
  for (const entry of selectPlatform(manifest.manifests, platform, { strict: true })) {
    const one = await fetchDescribed(repository, entry, state.options);
    if (!isIndexMediaType(entry.mediaType)) return one;
    const inner = await search(repository, one, platform, { ...state, depth: state.depth + 1 });
    if (inner !== undefined) return inner;
  }
  return undefined;
}

/** Whether a single image is for a platform, as its config has it. */
async function isFor(repository: RemoteRepository, found: FetchedImage, platform: Platform, state: Search): Promise<boolean> {
  const { manifest } = found;
  if (manifest.kind !== "image" || !IMAGE_CONFIGS.has(manifest.configMediaType)) return false;
  const { config } = await readConfig(repository, found, state.options);
  const actual = platformOfConfig(config);
  if (actual === undefined) return false;
  state.seen.push(formatPlatform(actual));
  return matchesPlatform(platform, actual);
}
