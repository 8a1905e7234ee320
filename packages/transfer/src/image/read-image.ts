import {
  type CallOptions,
  decodeManifest,
  type Descriptor,
  type Digest,
  type Fetcher,
  type ImageManifest,
  isImageMediaType,
  isIndexMediaType,
  MEDIA_TYPES,
  type Platform,
  SchemaV1UnsupportedError,
  isSchema1MediaType,
  UnsupportedError,
} from "@berth/oci";
import { fetchByDigest, readAllVerified } from "@berth/oci/node";
import { chooseImage } from "../platform/choose-image.ts";
import { hostPlatform } from "../platform/host-platform.ts";
import { ArtifactError, RootfsMismatchError } from "./errors.ts";
import { type ImageConfig, readImageConfig } from "./image-config.ts";

/** Options of everything that reads an image. */
export interface ReadImageOptions extends CallOptions {
  /** Which image of an index; default that of this machine. */
  readonly platform?: Platform;
}

/** A layer, and what the config says of it. */
export interface ImageLayer {
  /** 0 is the base layer. */
  readonly index: number;
  readonly descriptor: Descriptor;
  /** Digest of the uncompressed layer. */
  readonly diffId: Digest;
}

/** An image's manifest and config, which fit together. */
export interface ReadImage {
  readonly descriptor: Descriptor;
  readonly manifest: ImageManifest;
  readonly config: ImageConfig;
  /** The base layer first. */
  readonly layers: readonly ImageLayer[];
}

/** Bytes of a config, at most. */
export const MAX_CONFIG_BYTES = 8_388_608;

const CONFIG_TYPES: ReadonlySet<string> = new Set([MEDIA_TYPES.ociConfig, MEDIA_TYPES.dockerConfig]);

/** True for the config of an image, which has layers of files; others are artifacts. */
export function isImageConfigMediaType(mediaType: string): boolean {
  return CONFIG_TYPES.has(mediaType);
}

/**
 * Reads manifest and config of an image, and checks that they name the same number of layers.
 *
 * @throws {PlatformNotFoundError} @throws {NotFoundError} @throws {InvalidManifestError}
 * @throws {RootfsMismatchError} @throws {UnsupportedError} for artifacts and the rest that has no file system.
 */
export async function readImage(source: Fetcher, descriptor: Descriptor, options: ReadImageOptions = {}): Promise<ReadImage> {
  const { platform = hostPlatform(), ...call } = options;
  const image = isIndexMediaType(descriptor.mediaType) ? (await chooseImage(source, descriptor, platform, call)).image : descriptor;
  if (isSchema1MediaType(image.mediaType)) throw new SchemaV1UnsupportedError();
  if (!isImageMediaType(image.mediaType)) throw new UnsupportedError(`read layers of content of type "${image.mediaType.slice(0, 255)}"`);
  const { descriptor: read, bytes } = await fetchByDigest(source, image, call);
  const manifest = decodeManifest(bytes, image.mediaType);
  if (manifest.kind !== "image") throw new UnsupportedError(`read layers of ${manifest.kind}`);
  if (!isImageConfigMediaType(manifest.configMediaType)) {
    throw new ArtifactError("read layers of", manifest.configMediaType);
  }
  const config = readImageConfig(await readConfigBytes(source, manifest.config, call));
  return { descriptor: read, manifest, config, layers: matchLayers(manifest, config) };
}

/** Reads a config whole. @throws {LimitExceededError} beyond {@link MAX_CONFIG_BYTES}. */
export async function readConfigBytes(source: Fetcher, config: Descriptor, call: CallOptions): Promise<Buffer> {
  return await readAllVerified(await source.fetch(config, call), config, { ...call, maxBytes: MAX_CONFIG_BYTES });
}

/**
 * Puts layers and diffIDs together.
 *
 * @throws {RootfsMismatchError} when their numbers differ, or the history has more steps with a layer. Fewer are found in real images, and
 * docker takes them.
 */
export function matchLayers(manifest: ImageManifest, config: ImageConfig): readonly ImageLayer[] {
  const { layers } = manifest;
  const { diffIds, history } = config;
  if (layers.length !== diffIds.length) {
    throw new RootfsMismatchError(`the manifest has ${layers.length}, the config ${diffIds.length}`);
  }
  const steps = history.filter((step) => step["empty_layer"] !== true).length;
  if (steps > layers.length) throw new RootfsMismatchError(`the manifest has ${layers.length}, the history ${steps}`);
  return layers.flatMap((descriptor, index) => {
    const diffId = diffIds[index];
    return diffId === undefined ? [] : [{ index, descriptor, diffId }];
  });
}
