import { type Descriptor, type Digest, MEDIA_TYPES } from "@berth/oci";
import { descriptorOf } from "@berth/oci/node";

/** The content of an empty config. */
export const EMPTY_JSON: Buffer = Buffer.from("{}");

/** A manifest ready to be sent. */
export interface ManifestFixture {
  readonly bytes: Buffer;
  readonly mediaType: string;
  readonly digest: Digest;
  readonly descriptor: Descriptor;
}

/** What {@link imageManifest} puts into an image. */
export interface ImageFields {
  /** Default an OCI manifest; `MEDIA_TYPES.dockerManifest` makes it schema 2. */
  readonly mediaType?: string;
  readonly config?: Descriptor;
  /** The lowest first; default none. */
  readonly layers?: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Any other members. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

/** An image manifest; by default of OCI, with the empty config and no layers. */
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

/** An index over manifests; `MEDIA_TYPES.dockerManifestList` makes it a Docker list. */
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
