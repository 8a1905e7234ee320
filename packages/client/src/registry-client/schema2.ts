import { decodeManifest, type Descriptor, type ImageManifest, InvalidManifestError, MEDIA_TYPES } from "@berth/oci";

/** The members of a Docker v2 image manifest. */
export interface Schema2Fields {
  /** Default, also when empty: that of Docker v2 image manifests. */
  readonly mediaType?: string;
  readonly config: Descriptor;
  /** The base first. */
  readonly layers: readonly Descriptor[];
}

/**
 * Writes a Docker v2 image manifest as the reference implementation does: members in its order, indented by three spaces.
 *
 * @throws {InvalidManifestError} when the fields break the rules.
 */
export function encodeSchema2({ mediaType, config, layers }: Schema2Fields): ImageManifest {
  const type = mediaType || MEDIA_TYPES.dockerManifest;
  const body = { schemaVersion: 2, mediaType: type, config: ordered(config), layers: layers.map(ordered) };
  const manifest = decodeManifest(Buffer.from(JSON.stringify(body, undefined, 3)), MEDIA_TYPES.dockerManifest);
  if (manifest.kind !== "image") throw new InvalidManifestError("expected an image");
  return manifest;
}

function ordered({ mediaType, size, digest, urls }: Descriptor): Partial<Descriptor> {
  return { mediaType, size, digest, ...(urls && { urls }) };
}
