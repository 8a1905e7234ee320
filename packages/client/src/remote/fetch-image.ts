import {
  type CallOptions,
  type Descriptor,
  decodeManifest,
  InvalidManifestError,
  LimitExceededError,
  type Manifest,
  MEDIA_TYPES,
  UnsupportedError,
} from "@berth/oci";
import { readBounded } from "../transport/read-bounded.ts";
import type { RepositoryContext } from "./context.ts";
import type { FetchBytesOptions, PlatformOptions, RemoteRepository } from "./remote-repository.ts";
import { DEFAULT_PLATFORM, selectImage } from "./select-platform.ts";

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
  /** Parsed JSON, unchecked: what a config says is up to its media type. */
  readonly config: Readonly<Record<string, unknown>>;
  /** The manifest that names the config. */
  readonly image: FetchedImage;
}

/** Reads content into memory and checks it. */
export async function fetchBytes(
  context: RepositoryContext,
  repository: RemoteRepository,
  target: Descriptor,
  { maxBytes = context.settings.maxMetadataBytes, signal }: FetchBytesOptions = {},
): Promise<Uint8Array> {
  if (target.size > maxBytes) throw new LimitExceededError({ what: `content of ${target.size} bytes`, limit: maxBytes });
  return await readBounded(await repository.fetch(target, signal === undefined ? {} : { signal }), maxBytes); // checked on its way
}

/** Reads and decodes a manifest, with a platform the one for it. */
export async function fetchManifest(repository: RemoteRepository, reference: string, options: PlatformOptions = {}): Promise<FetchedImage> {
  const { descriptor, content } = await repository.fetchReference(reference, options);
  const found = await decode(descriptor, content);
  return options.platform === undefined ? found : await selectImage(repository, found, options.platform, options);
}

async function decode(descriptor: Descriptor, content: AsyncIterable<Uint8Array>): Promise<FetchedImage> {
  const bytes = Buffer.concat(await Array.fromAsync(content)); // in memory already
  return { descriptor, manifest: decodeManifest(bytes, descriptor.mediaType) };
}

/** Reads the manifest that a descriptor names. */
export async function fetchDescribed(repository: RemoteRepository, target: Descriptor, options: CallOptions): Promise<FetchedImage> {
  return await decode(target, await repository.manifests.fetch(target, options));
}

/** Reads an image's config. */
export async function fetchConfig(repository: RemoteRepository, reference: string, options: PlatformOptions = {}): Promise<FetchedConfig> {
  const { platform, ...call } = options;
  const found = await fetchManifest(repository, reference, options);
  const image = found.manifest.kind === "index" ? await selectImage(repository, found, platform ?? DEFAULT_PLATFORM, call) : found;
  return { ...(await readConfig(repository, image, call)), image };
}

/** Reads the config that a manifest names. @throws {UnsupportedError} when it names none. */
export async function readConfig(
  repository: RemoteRepository,
  { manifest }: FetchedImage,
  options: CallOptions,
): Promise<Omit<FetchedConfig, "image">> {
  if (manifest.kind !== "image") throw new UnsupportedError(`read the config of a manifest of type "${manifest.mediaType}"`);
  const raw = await repository.fetchBytes({ ...manifest.config, mediaType: MEDIA_TYPES.octetStream }, options); // a blob, whatever it calls itself
  return { descriptor: manifest.config, raw, config: parseConfig(raw) };
}

function parseConfig(raw: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const config: unknown = JSON.parse(Buffer.from(raw).toString("utf8"));
    if (isRecord(config)) return config;
  } catch (cause) {
    throw new InvalidManifestError("its config is not JSON", { cause });
  }
  throw new InvalidManifestError("its config is not a JSON object");
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
