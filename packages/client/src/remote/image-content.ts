import { type CallOptions, type Descriptor, InvalidManifestError, type Manifest, MEDIA_TYPES, UnsupportedError } from "@berth/oci";
import { decodeManifestFrom } from "./decode-manifest-from.ts";
import type { RemoteRepository } from "./remote-repository.ts";

/** A manifest, read and decoded. */
export interface FetchedImage {
  readonly descriptor: Descriptor;
  /** Its `raw` are the bytes as they came. */
  readonly manifest: Manifest;
}

/** An image's config, read and parsed. */
export interface FetchedConfig {
  /** Of the config. */
  readonly descriptor: Descriptor;
  /** As it came. */
  readonly raw: Uint8Array;
  /** Parsed JSON, unchecked: what a config says is up to its media type. `decodeImageConfig(raw)` of `@berth/oci` checks that of an image. */
  readonly config: Readonly<Record<string, unknown>>;
  /** The manifest that names the config. */
  readonly image: FetchedImage;
}

/** Decodes a manifest out of its bytes; `from` is the host that errors name. */
export async function decodeContent(descriptor: Descriptor, content: AsyncIterable<Uint8Array>, from: string): Promise<FetchedImage> {
  const bytes = Buffer.concat(await Array.fromAsync(content)); // in memory already
  return { descriptor, manifest: decodeManifestFrom(bytes, descriptor.mediaType, { from }) };
}

/** Reads the manifest that a descriptor names. */
export async function fetchDescribed(repository: RemoteRepository, target: Descriptor, options: CallOptions): Promise<FetchedImage> {
  return await decodeContent(target, await repository.manifests.fetch(target, options), repository.registry);
}

/** Reads the config that a manifest names. @throws {UnsupportedError} when it names none. */
export async function readConfig(
  repository: RemoteRepository,
  { manifest }: FetchedImage,
  options: CallOptions,
): Promise<Omit<FetchedConfig, "image">> {
  if (manifest.kind !== "image") throw new UnsupportedError(`read the config of a manifest of type "${manifest.mediaType}"`);
  const raw = await repository.fetchBytes({ ...manifest.config, mediaType: MEDIA_TYPES.octetStream }, options); // a blob, whatever it calls itself
  return { descriptor: manifest.config, raw, config: parseConfig(raw, repository.registry) };
}

function parseConfig(raw: Uint8Array, from: string): Readonly<Record<string, unknown>> {
  try {
    const config: unknown = JSON.parse(Buffer.from(raw).toString("utf8"));
    if (isRecord(config)) return config;
  } catch (cause) {
    throw new InvalidManifestError("its config is not JSON", { from, cause });
  }
  throw new InvalidManifestError("its config is not a JSON object", { from });
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
