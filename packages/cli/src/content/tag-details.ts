import { type Descriptor, type Digest, formatPlatform, isJsonObject, type Platform, platformOfConfig } from "@berth/oci";
import { isMissing } from "../errors/is-missing.ts";
import type { ManifestCache } from "./manifest-cache.ts";
import type { ReadConfig } from "./read-config.ts";
import type { ReadManifest } from "./read-manifest.ts";

/** What a list says of a tag. */
export interface TagDetails {
  /** Of the tag. */
  readonly name: string;
  readonly digest: Digest;
  readonly mediaType: string;
  readonly artifactType?: string;
  /** Bytes of config and layers; of an index, those of the image that stands for it. */
  readonly size: number;
  /** When the image or artifact was made, as it says. */
  readonly created?: string;
  /** The platforms that there are an image for. */
  readonly platforms: readonly string[];
}

/** Where artifacts say when they were made. @see OCI image-spec, annotations.md */
const CREATED = "org.opencontainers.image.created";

/**
 * Looks a tag up: two requests for an image, three for an index; less for what another tag led to before. An index may lack images, and
 * an image its config: then the list says less.
 *
 * @param descriptor what the tag names, if that is known.
 * @throws {NotFoundError} when the tag is gone.
 */
export async function tagDetails(cache: ManifestCache, name: string, descriptor?: Descriptor): Promise<TagDetails> {
  const found = descriptor === undefined ? await cache.readTag(name) : await cache.read(descriptor);
  const { manifest } = found;
  const image = await ifThere(async () => await representative(cache, found));
  const config: ReadConfig | undefined = await ifThere(async () => await cache.config(image?.manifest));
  const platforms =
    manifest.kind === "index" ? manifest.manifests.flatMap(platformsOf) : config === undefined ? [] : ownPlatform(config.json);
  const created = config?.json["created"] ?? manifest.annotations?.[CREATED];
  return {
    name,
    digest: found.descriptor.digest,
    mediaType: found.descriptor.mediaType,
    ...(manifest.artifactType !== undefined && { artifactType: manifest.artifactType }),
    size: (image?.manifest ?? manifest).references.reduce((sum, one) => sum + one.descriptor.size, 0),
    ...(typeof created === "string" && { created }),
    platforms,
  };
}

/** What something gives; undefined when what it reads is not there. */
export async function ifThere<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (!isMissing(error)) throw error;
    return undefined;
  }
}

/** An image to speak for an index: the one for linux/amd64, else the first one. */
async function representative(cache: ManifestCache, found: ReadManifest): Promise<ReadManifest | undefined> {
  const { manifest } = found;
  if (manifest.kind === "image") return found;
  if (manifest.kind !== "index") return undefined;
  const images = manifest.manifests.filter((one) => platformsOf(one).length > 0);
  const usual = images.find(({ platform }) => platform?.os === "linux" && platform.architecture === "amd64") ?? images[0];
  if (usual === undefined) return undefined;
  const image = await cache.read(usual);
  return image.manifest.kind === "image" ? image : undefined;
}

function platformsOf({ platform }: Descriptor): readonly string[] {
  return platform === undefined || platform.os === "unknown" ? [] : [formatPlatform(platform)];
}

function ownPlatform(config: unknown): readonly string[] {
  const platform: Platform | undefined = isJsonObject(config) ? platformOfConfig(config) : undefined;
  return platform === undefined ? [] : [formatPlatform(platform)];
}
