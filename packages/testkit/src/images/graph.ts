import { type ByteSource, MEDIA_TYPES, type Platform, type Repository } from "@berth/oci";
import type { Random } from "../faults/random.ts";
import { type BlobFixture, blobFixture, randomLayer } from "./layer.ts";
import { imageManifest, indexManifest, type ManifestFixture } from "./manifest.ts";

/** A manifest with all that it needs. */
export interface ImageGraph {
  readonly manifest: ManifestFixture;
  /** Config first, then layers; none for an index. */
  readonly blobs: readonly BlobFixture[];
  /** The images of an index. */
  readonly children: readonly ImageGraph[];
}

/** What {@link randomImage} and {@link randomIndex} make. */
export interface RandomImageOptions {
  /** `docker` makes schema 2 and lists; default `oci`. */
  readonly family?: "oci" | "docker";
  /** Default linux/amd64. */
  readonly platform?: Platform;
}

/** An image of one to three random layers. */
export function randomImage(
  random: Random,
  { family = "oci", platform = { os: "linux", architecture: "amd64" } }: RandomImageOptions = {},
): ImageGraph {
  const docker = family === "docker";
  const layers = Array.from({ length: 1 + random.int(3) }, () =>
    randomLayer(random, docker ? MEDIA_TYPES.dockerLayerGzip : MEDIA_TYPES.ociLayerGzip),
  );
  const value = { ...platform, rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) } };
  const config = blobFixture(docker ? MEDIA_TYPES.dockerConfig : MEDIA_TYPES.ociConfig, Buffer.from(JSON.stringify(value)));
  const manifest = imageManifest({
    mediaType: docker ? MEDIA_TYPES.dockerManifest : MEDIA_TYPES.ociManifest,
    config: config.descriptor,
    layers: layers.map(({ descriptor }) => descriptor),
  });
  return { manifest, blobs: [config, ...layers], children: [] };
}

/** An index, or Docker list, of one random image for each platform. */
export function randomIndex(random: Random, platforms: readonly Platform[], { family = "oci" }: RandomImageOptions = {}): ImageGraph {
  const children = platforms.map((platform) => randomImage(random, { family, platform }));
  const entries = children.map(({ manifest }, index) => ({
    ...manifest.descriptor,
    ...(platforms[index] === undefined ? {} : { platform: platforms[index] }),
  }));
  const manifest = indexManifest(entries, { mediaType: family === "docker" ? MEDIA_TYPES.dockerManifestList : MEDIA_TYPES.ociIndex });
  return { manifest, blobs: [], children };
}

/** Pushes a graph, what a manifest needs before the manifest, and tags its top. */
export async function pushGraph(repository: Repository, graph: ImageGraph, tag?: string): Promise<void> {
  for (const child of graph.children) await pushGraph(repository, child);
  for (const { descriptor, bytes } of graph.blobs) {
    if (!(await repository.blobs.exists(descriptor))) await repository.blobs.push(descriptor, sourceOf(bytes));
  }
  const { descriptor, bytes } = graph.manifest;
  if (tag === undefined) await repository.manifests.push(descriptor, sourceOf(bytes));
  else await repository.manifests.pushReference(descriptor, sourceOf(bytes), tag);
}

/** The bytes as a source. */
export async function* sourceOf(bytes: Uint8Array): ByteSource & AsyncGenerator<Uint8Array> {
  yield bytes;
}
