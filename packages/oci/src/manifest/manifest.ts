import type { Annotations, Descriptor } from "../descriptor.ts";

/** One thing that a manifest points at, and as what. */
export interface ManifestReference {
  /** `child`: a manifest named by an index; `blob`: an entry of an artifact manifest. */
  readonly kind: "config" | "layer" | "child" | "blob";
  readonly descriptor: Descriptor;
}

/** What every decoded manifest has. */
export interface ManifestBase {
  /** Type and subtype, without parameters. */
  readonly mediaType: string;
  /** The bytes as they came: the identity of the manifest. Never write a manifest from its parsed form. */
  readonly raw: Uint8Array;
  /** In order: config first, then layers; children or blobs in the order of the list. The subject is not among them. */
  readonly references: readonly ManifestReference[];
  /** The manifest that this one refers to; it need not exist. */
  readonly subject?: Descriptor;
  /** The manifest's own `artifactType`, never the config's. */
  readonly artifactType?: string;
  readonly annotations?: Annotations;
}

/** An OCI or Docker v2 image manifest; also what artifacts are packed in. */
export interface ImageManifest extends ManifestBase {
  readonly kind: "image";
  readonly config: Descriptor;
  /** That of `config`: what tells images from artifacts. */
  readonly configMediaType: string;
  readonly layers: readonly Descriptor[];
}

/** An OCI index or a Docker manifest list. */
export interface IndexManifest extends ManifestBase {
  readonly kind: "index";
  readonly configMediaType?: undefined;
  readonly manifests: readonly Descriptor[];
}

/** The OCI artifact manifest that 1.1 dropped again. */
export interface ArtifactManifest extends ManifestBase {
  readonly kind: "artifact";
  readonly configMediaType?: undefined;
  readonly blobs: readonly Descriptor[];
}

/** A Docker schema 1 manifest. It records no sizes: the size of every reference is 0. */
export interface Schema1Manifest extends ManifestBase {
  readonly kind: "schema1";
  readonly configMediaType?: undefined;
  /** The repository that it was made for, as the manifest says. */
  readonly name: string;
  readonly tag: string;
  /** GOARCH value, such as `amd64`. */
  readonly architecture: string;
  /** One for each of `fsLayers`, top layer first, each the JSON text of an image config of version 1. */
  readonly history: readonly string[];
  /** True when the bytes carry at least one signature. It was not checked, but all members were read from what it covers. */
  readonly signed: boolean;
}

/** Content of a media type that Berth gives no meaning to. It has references only when it looks like an OCI manifest. */
export interface OtherManifest extends ManifestBase {
  readonly kind: "other";
  /** That of its config, where it has one. */
  readonly configMediaType?: string;
}

/** A manifest of any kind; tell them apart by `kind`. */
export type Manifest = ImageManifest | IndexManifest | ArtifactManifest | Schema1Manifest | OtherManifest;

/**
 * The artifact type that a referrers list shows for a manifest: its own, else an image's config media type.
 *
 * @see OCI distribution-spec, "Listing Referrers"
 */
export function effectiveArtifactType(manifest: Manifest): string | undefined {
  return manifest.artifactType ?? (manifest.kind === "image" ? manifest.configMediaType : undefined);
}
