/** Every media type that Berth gives a meaning to. @see OCI image-spec, media-types.md; Docker image manifest v2 */
export const MEDIA_TYPES = {
  ociManifest: "application/vnd.oci.image.manifest.v1+json",
  ociIndex: "application/vnd.oci.image.index.v1+json",
  /** Deprecated in OCI 1.1, still stored. */
  ociArtifactManifest: "application/vnd.oci.artifact.manifest.v1+json",
  ociConfig: "application/vnd.oci.image.config.v1+json",
  /** The config and only layer of artifacts that have none: `{}`. */
  ociEmpty: "application/vnd.oci.empty.v1+json",
  ociLayer: "application/vnd.oci.image.layer.v1.tar",
  ociLayerGzip: "application/vnd.oci.image.layer.v1.tar+gzip",
  ociLayerZstd: "application/vnd.oci.image.layer.v1.tar+zstd",
  ociForeignLayer: "application/vnd.oci.image.layer.nondistributable.v1.tar",
  ociForeignLayerGzip: "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
  ociForeignLayerZstd: "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
  ociLayoutHeader: "application/vnd.oci.layout.header.v1+json",
  dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
  dockerManifestList: "application/vnd.docker.distribution.manifest.list.v2+json",
  dockerSchema1: "application/vnd.docker.distribution.manifest.v1+json",
  dockerSchema1Signed: "application/vnd.docker.distribution.manifest.v1+prettyjws",
  dockerConfig: "application/vnd.docker.container.image.v1+json",
  dockerPluginConfig: "application/vnd.docker.plugin.v1+json",
  dockerLayer: "application/vnd.docker.image.rootfs.diff.tar",
  dockerLayerGzip: "application/vnd.docker.image.rootfs.diff.tar.gzip",
  dockerForeignLayerGzip: "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
  octetStream: "application/octet-stream",
} as const;

/** Digest of the empty JSON object `{}`, the content of {@link MEDIA_TYPES.ociEmpty}. */
export const EMPTY_JSON_DIGEST = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

/** The media types that are stored and served as manifests without further configuration, best first. */
export const MANIFEST_MEDIA_TYPES: ReadonlySet<string> = new Set([
  MEDIA_TYPES.ociManifest,
  MEDIA_TYPES.ociIndex,
  MEDIA_TYPES.dockerManifest,
  MEDIA_TYPES.dockerManifestList,
  MEDIA_TYPES.ociArtifactManifest,
  MEDIA_TYPES.dockerSchema1Signed,
  MEDIA_TYPES.dockerSchema1,
]);

const INDEXES: ReadonlySet<string> = new Set([MEDIA_TYPES.ociIndex, MEDIA_TYPES.dockerManifestList]);
const IMAGES: ReadonlySet<string> = new Set([MEDIA_TYPES.ociManifest, MEDIA_TYPES.dockerManifest]);
const SCHEMA1: ReadonlySet<string> = new Set([MEDIA_TYPES.dockerSchema1, MEDIA_TYPES.dockerSchema1Signed]);
const FOREIGN_LAYERS: ReadonlySet<string> = new Set([
  MEDIA_TYPES.dockerForeignLayerGzip,
  MEDIA_TYPES.ociForeignLayer,
  MEDIA_TYPES.ociForeignLayerGzip,
  MEDIA_TYPES.ociForeignLayerZstd,
]);

/** True for a type of {@link MANIFEST_MEDIA_TYPES}: content of that type lives under `/manifests/`. */
export function isManifestMediaType(mediaType: string): boolean {
  return MANIFEST_MEDIA_TYPES.has(mediaType);
}

/** True for an OCI index or a Docker manifest list. */
export function isIndexMediaType(mediaType: string): boolean {
  return INDEXES.has(mediaType);
}

/** True for an OCI or Docker v2 image manifest. */
export function isImageMediaType(mediaType: string): boolean {
  return IMAGES.has(mediaType);
}

/** True for either form of a Docker schema 1 manifest. */
export function isSchema1MediaType(mediaType: string): boolean {
  return SCHEMA1.has(mediaType);
}

/** True for a layer whose content may be kept elsewhere, at its `urls`. */
export function isForeignLayerMediaType(mediaType: string): boolean {
  return FOREIGN_LAYERS.has(mediaType);
}

const MAX_LENGTH = 255;
const GRAMMAR = /^[a-z0-9!#$&^_.+-]+\/[a-z0-9!#$&^_.+-]+$/;

/**
 * The type and subtype of a `Content-Type` value, in lower case and without parameters; undefined when it is none
 * or longer than 255 characters.
 *
 * @see RFC 9110, section 8.3.1; RFC 6838, section 4.2
 */
export function parseMediaType(header: string): string | undefined {
  const semicolon = header.indexOf(";");
  const end = semicolon < 0 ? header.length : semicolon;
  if (end > 2 * MAX_LENGTH) return undefined;
  const mediaType = header.slice(0, end).trim().toLowerCase();
  return mediaType.length <= MAX_LENGTH && GRAMMAR.test(mediaType) ? mediaType : undefined;
}
