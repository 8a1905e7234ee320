import { type CallOptions, type Descriptor, type Digest, formatPlatform, isJsonObject, type Platform, platformOfConfig } from "@berth/oci";
import type { Place } from "../connect/place.ts";
import { readConfigOf } from "./read-config.ts";
import { readDescribed, readManifest, type ReadManifest } from "./read-manifest.ts";

/** What a list says of a tag. */
export interface TagDetails {
  readonly name: string;
  readonly digest: Digest;
  readonly mediaType: string;
  readonly artifactType?: string;
  /** Bytes of config and layers; of an index, those of the image that stands for it. */
  readonly size: number;
  /** When the image was made, as it says. */
  readonly created?: string;
  /** The platforms that there are an image for. */
  readonly platforms: readonly string[];
}

/** Looks a tag up: two requests for an image, three for an index. */
export async function tagDetails(place: Place, name: string, call: CallOptions): Promise<TagDetails> {
  const found = await readManifest(place, { reference: name, ...call });
  const { descriptor, manifest } = found;
  const image = await representative(place, found, call);
  const config = await readConfigOf(place.target, image?.manifest, call);
  const platforms =
    manifest.kind === "index" ? manifest.manifests.flatMap(platformsOf) : config === undefined ? [] : ownPlatform(config.json);
  const created = config?.json["created"];
  return {
    name,
    digest: descriptor.digest,
    mediaType: descriptor.mediaType,
    ...(manifest.artifactType !== undefined && { artifactType: manifest.artifactType }),
    size: (image?.manifest ?? manifest).references.reduce((sum, one) => sum + one.descriptor.size, 0),
    ...(typeof created === "string" && { created }),
    platforms,
  };
}

/** An image to speak for an index: the one for linux/amd64, else the first one. */
async function representative(place: Place, found: ReadManifest, call: CallOptions): Promise<ReadManifest | undefined> {
  const { manifest } = found;
  if (manifest.kind === "image") return found;
  if (manifest.kind !== "index") return undefined;
  const images = manifest.manifests.filter((one) => platformsOf(one).length > 0);
  const usual = images.find(({ platform }) => platform?.os === "linux" && platform.architecture === "amd64") ?? images[0];
  if (usual === undefined) return undefined;
  const image = await readDescribed(place.target, usual, call);
  return image.manifest.kind === "image" ? image : undefined;
}

function platformsOf({ platform }: Descriptor): readonly string[] {
  return platform === undefined || platform.os === "unknown" ? [] : [formatPlatform(platform)];
}

function ownPlatform(config: unknown): readonly string[] {
  const platform: Platform | undefined = isJsonObject(config) ? platformOfConfig(config) : undefined;
  return platform === undefined ? [] : [formatPlatform(platform)];
}
