import type { CallOptions, Pusher } from "../content.ts";
import { type Describable, toDescriptor } from "../describable.ts";
import type { Annotations, Descriptor } from "../descriptor.ts";
import { computeDigest, type DigestAlgorithm } from "../digest.ts";
import { InvalidManifestError } from "../errors.ts";
import { isManifestMediaType, MEDIA_TYPES } from "../media-types.ts";
import { decodeManifest } from "./decode.ts";
import type { Manifest } from "./manifest.ts";

/** Makes a manifest step by step. */
export interface ManifestBuilder {
  /** Makes the manifest of what was added so far; what it needs in the store is there afterwards. */
  build(options?: CallOptions): Promise<Manifest>;
  /** What was added, in order: the base layer first. */
  references(): readonly Descriptor[];
  /** Adds a layer or child behind those there. @throws {InvalidManifestError} when it does not belong into this kind of manifest. */
  appendReference(dependency: Describable): void;
}

/** The two families of manifests. */
export type ManifestFamily = "oci" | "docker";

/** What an image is made of, apart from its layers. */
export interface ImageBuilderOptions {
  /** Default `oci`. */
  readonly family?: ManifestFamily;
  /** Where the config goes, unless it is there already. */
  readonly blobs: Pusher;
  /** The config's bytes. */
  readonly config: Uint8Array;
  /** Default: the family's own. */
  readonly configMediaType?: string;
  /** Digest algorithm of the config; default sha256. */
  readonly algorithm?: DigestAlgorithm;
  /** OCI only. */
  readonly artifactType?: string;
  /** OCI only. */
  readonly subject?: Descriptor;
  /** OCI only. */
  readonly annotations?: Annotations;
}

/**
 * Makes image manifests: pushes the config unless the store has it, and writes the JSON indented by three spaces, as the reference does. To
 * append what is no layer throws `InvalidManifestError`.
 */
export function createImageBuilder(options: ImageBuilderOptions): ManifestBuilder {
  const family = options.family ?? "oci";
  const mediaType = family === "oci" ? MEDIA_TYPES.ociManifest : MEDIA_TYPES.dockerManifest;
  const configMediaType = options.configMediaType ?? (family === "oci" ? MEDIA_TYPES.ociConfig : MEDIA_TYPES.dockerConfig);
  const layers: Descriptor[] = [];
  return {
    references: () => [...layers],
    appendReference(dependency) {
      const layer = toDescriptor(dependency);
      if (isManifestMediaType(layer.mediaType)) throw new InvalidManifestError(`"${layer.mediaType}" is no layer`);
      layers.push(layer);
    },
    async build(call) {
      const digest = await computeDigest(options.config, options.algorithm);
      const config: Descriptor = { mediaType: configMediaType, digest, size: options.config.byteLength };
      if (!(await options.blobs.exists(config, call))) await options.blobs.push(config, once(options.config), call);
      const { artifactType, subject, annotations } = options;
      const more = family === "oci" ? { artifactType, subject: subject && ordered(subject), annotations } : {};
      return encode(mediaType, { schemaVersion: 2, mediaType, ...more, config: ordered(config), layers: layers.map(ordered) });
    },
  };
}

/** What an index is made of, apart from its children. */
export interface IndexBuilderOptions {
  /** Default `oci`. */
  readonly family?: ManifestFamily;
  /** OCI only. */
  readonly artifactType?: string;
  /** OCI only. */
  readonly subject?: Descriptor;
  /** OCI only. */
  readonly annotations?: Annotations;
}

/** Makes OCI indexes and Docker manifest lists; the latter take only descriptors with a platform, and throw `InvalidManifestError` else. */
export function createIndexBuilder(options: IndexBuilderOptions = {}): ManifestBuilder {
  const family = options.family ?? "oci";
  const mediaType = family === "oci" ? MEDIA_TYPES.ociIndex : MEDIA_TYPES.dockerManifestList;
  const manifests: Descriptor[] = [];
  return {
    references: () => [...manifests],
    appendReference(dependency) {
      const child = toDescriptor(dependency);
      if (family === "docker" && child.platform === undefined)
        throw new InvalidManifestError("an entry of a Docker manifest list needs a platform");
      manifests.push(child);
    },
    async build(call) {
      call?.signal?.throwIfAborted();
      const { artifactType, subject, annotations } = options;
      const more = family === "oci" ? { artifactType, subject: subject && ordered(subject), annotations } : {};
      return encode(mediaType, { schemaVersion: 2, mediaType, ...more, manifests: manifests.map(ordered) });
    },
  };
}

/** Decoding what was written checks it by the same rules as what comes from others. */
function encode(mediaType: string, body: Readonly<Record<string, unknown>>): Manifest {
  return decodeManifest(new TextEncoder().encode(JSON.stringify(body, undefined, 3)), mediaType);
}

/** The same descriptor, its members in a fixed order, so that equal manifests have equal bytes. */
function ordered(descriptor: Descriptor): Descriptor {
  const { mediaType, digest, size, urls, annotations, data, platform, artifactType } = descriptor;
  return {
    mediaType,
    digest,
    size,
    ...(urls && { urls }),
    ...(annotations && { annotations }),
    ...(data !== undefined && { data }),
    ...(platform && { platform }),
    ...(artifactType !== undefined && { artifactType }),
  };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
