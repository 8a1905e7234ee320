import { type Descriptor, type Digest, type DigestAlgorithm, MEDIA_TYPES } from "@berth/oci";
import { descriptorOf, digestOf } from "@berth/oci/node";

/** The content of an empty config. */
export const EMPTY_JSON: Buffer = Buffer.from("{}");

/** Bytes that differ for each seed and do not repeat. */
export function bytesOf(length: number, seed = 1): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  let state = (seed * 2_654_435_761) >>> 0 || 1;
  for (let index = 0; index < length; index++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[index] = state & 0xff;
  }
  return bytes;
}

/** A digest that no content of these tests has. */
export function absentDigest(seed = 0, algorithm: DigestAlgorithm = "sha256"): Digest {
  return digestOf(`absent ${seed}`, algorithm);
}

/** A manifest ready to be sent. */
export interface ManifestFixture {
  readonly bytes: Buffer;
  readonly mediaType: string;
  readonly digest: Digest;
  readonly descriptor: Descriptor;
}

/** What {@link imageManifest} puts into an image. */
export interface ImageFields {
  readonly mediaType?: string;
  readonly config?: Descriptor;
  readonly layers?: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Any other members. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

/** An OCI image manifest; by default with the empty config and no layers. */
export function imageManifest(fields: ImageFields = {}): ManifestFixture {
  const {
    mediaType = MEDIA_TYPES.ociManifest,
    config = descriptorOf(MEDIA_TYPES.ociEmpty, EMPTY_JSON),
    layers = [],
    extra,
    ...rest
  } = fields;
  return manifestOf({ schemaVersion: 2, mediaType, config, layers, ...rest, ...extra }, mediaType);
}

/** An index over manifests. */
export function indexManifest(manifests: readonly Descriptor[], fields: Omit<ImageFields, "config" | "layers"> = {}): ManifestFixture {
  const { mediaType = MEDIA_TYPES.ociIndex, extra, ...rest } = fields;
  return manifestOf({ schemaVersion: 2, mediaType, manifests, ...rest, ...extra }, mediaType);
}

/** Any JSON as a manifest. */
export function manifestOf(value: unknown, mediaType: string): ManifestFixture {
  const bytes = Buffer.from(JSON.stringify(value, null, 2));
  const descriptor = descriptorOf(mediaType, bytes);
  return { bytes, mediaType, digest: descriptor.digest, descriptor };
}
