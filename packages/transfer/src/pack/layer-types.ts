import { type ManifestFamily, MEDIA_TYPES } from "@berth/oci";
import { type LayerCompression, layerCompression } from "../image/layer-compression.ts";

/** Not specified anywhere: what buildkit and containerd write. */
const DOCKER_LAYER_ZSTD = "application/vnd.docker.image.rootfs.diff.tar.zstd";
const DOCKER_FOREIGN_LAYER = "application/vnd.docker.image.rootfs.foreign.diff.tar";

/** Types that mean the same in both families. */
const PAIRS: readonly (readonly [docker: string, oci: string])[] = [
  [MEDIA_TYPES.dockerManifest, MEDIA_TYPES.ociManifest],
  [MEDIA_TYPES.dockerManifestList, MEDIA_TYPES.ociIndex],
  [MEDIA_TYPES.dockerConfig, MEDIA_TYPES.ociConfig],
  [MEDIA_TYPES.dockerLayer, MEDIA_TYPES.ociLayer],
  [MEDIA_TYPES.dockerLayerGzip, MEDIA_TYPES.ociLayerGzip],
  [DOCKER_LAYER_ZSTD, MEDIA_TYPES.ociLayerZstd],
  [DOCKER_FOREIGN_LAYER, MEDIA_TYPES.ociForeignLayer],
  [MEDIA_TYPES.dockerForeignLayerGzip, MEDIA_TYPES.ociForeignLayerGzip],
];

const TO_OCI: ReadonlyMap<string, string> = new Map(PAIRS);
const TO_DOCKER: ReadonlyMap<string, string> = new Map(PAIRS.map(([docker, oci]) => [oci, docker]));

/** The type of a family that means the same; types without one stay. */
export function mediaTypeIn(family: ManifestFamily, mediaType: string): string {
  return (family === "oci" ? TO_OCI : TO_DOCKER).get(mediaType) ?? mediaType;
}

/** The family of an image by the type of its manifest. */
export function familyOf(manifestMediaType: string): ManifestFamily {
  return manifestMediaType === MEDIA_TYPES.dockerManifest ? "docker" : "oci";
}

const OCI_LAYERS: Readonly<Record<LayerCompression, string>> = {
  gzip: MEDIA_TYPES.ociLayerGzip,
  zstd: MEDIA_TYPES.ociLayerZstd,
  none: MEDIA_TYPES.ociLayer,
};

/** The type of a layer in an image of a family. */
export function layerMediaType(family: ManifestFamily, compression: LayerCompression): string {
  return mediaTypeIn(family, OCI_LAYERS[compression]);
}

/** Whether a media type says that a layer is compressed so. */
export function isCompressedAs(mediaType: string, compression: LayerCompression): boolean {
  return layerCompression(mediaType) === compression;
}
