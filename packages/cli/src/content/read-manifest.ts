import {
  bytesSource,
  type ByteStream,
  type CallOptions,
  decodeManifest,
  type Descriptor,
  type Fetcher,
  type Manifest,
  type Platform,
} from "@berth/oci";
import type { Place } from "../connect/place.ts";

/** A manifest as it came, and what it says. */
export interface ReadManifest {
  readonly descriptor: Descriptor;
  /** Its `raw` are the bytes as they came. */
  readonly manifest: Manifest;
}

/** Options of {@link readManifest}. */
export interface ReadManifestOptions extends CallOptions {
  /** The image for this platform, when it is an index. */
  readonly platform?: Platform;
  /** Default: the one that the place names. */
  readonly reference?: string;
}

/** Bytes of a manifest, at most. */
const MAX_MANIFEST = 4_194_304;

/** Reads the manifest that a place names: from a registry in one request. @throws {NotFoundError} @throws {PlatformNotFoundError} */
export async function readManifest(place: Place, options: ReadManifestOptions = {}): Promise<ReadManifest> {
  const { platform, reference = place.reference, ...call } = options;
  const { target, repository } = place;
  if (repository === undefined) {
    const descriptor = await target.resolve(reference, call);
    const found = await readDescribed(target, descriptor, call);
    return platform === undefined ? found : await imageFor(target, found, platform, { ...call, place: place.describe(reference) });
  }
  const { descriptor, content } = await repository.fetchReference(reference, call);
  const found = decoded(descriptor, await bytesOf(content));
  return platform === undefined ? found : await imageFor(repository, found, platform, { ...call, place: place.describe(reference) });
}

/** Reads the manifest that a descriptor names. */
export async function readDescribed(source: Fetcher, descriptor: Descriptor, call: CallOptions): Promise<ReadManifest> {
  const { fetchByDigest } = await import("@berth/oci/node");
  const read = await fetchByDigest(source, descriptor, { ...call, maxBytes: MAX_MANIFEST });
  return decoded(read.descriptor, read.bytes);
}

/** Options of {@link imageFor}. */
export interface ImageForOptions extends CallOptions {
  /** What an error calls it; default: its digest. */
  readonly place?: string;
}

/** The image for a platform, of an index; a single image has to be for it. */
export async function imageFor(source: Fetcher, found: ReadManifest, platform: Platform, options: ImageForOptions): Promise<ReadManifest> {
  const { chooseImage } = await import("@berth/transfer/platform");
  const known: Fetcher = {
    // what was read is not asked for again
    fetch: async (target, options) =>
      target.digest === found.descriptor.digest ? asStream(found.manifest.raw) : await source.fetch(target, options),
  };
  const { image } = await chooseImage(known, found.descriptor, platform, { ...options, checkSingle: true });
  return image.digest === found.descriptor.digest ? found : await readDescribed(source, image, options);
}

function decoded(descriptor: Descriptor, bytes: Uint8Array): ReadManifest {
  return { descriptor, manifest: decodeManifest(bytes, descriptor.mediaType) };
}

async function bytesOf(content: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  return Buffer.concat(await Array.fromAsync(content)); // in memory already, and checked
}

function asStream(bytes: Uint8Array): ByteStream {
  return { [Symbol.asyncIterator]: () => bytesSource(bytes)[Symbol.asyncIterator](), destroy: () => undefined };
}
