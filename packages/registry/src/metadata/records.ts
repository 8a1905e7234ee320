import type { Annotations, Digest, DigestAlgorithm, Platform } from "@berth/oci";

/** Content that at least one repository links. */
export interface BlobRecord {
  /** Of its row. */
  readonly id: number;
  /** The sha256 digest of the bytes, whatever digest they were pushed with. */
  readonly canonical: Digest;
  /** Bytes. */
  readonly size: number;
  /** Path of the bytes in the storage driver. */
  readonly storageKey: string;
}

/** Where the bytes of a blob are, or have to go. `deleting`: the collector is about to remove the bytes of this generation. */
export type BlobPlacement =
  | { readonly state: "absent" }
  | { readonly state: "live" | "deleting"; readonly generation: number; readonly storageKey: string };

/** What is known of a manifest without its bytes. */
export interface ManifestSummary {
  /** Of its row. */
  readonly id: number;
  /** The digest it was pushed with. */
  readonly digest: Digest;
  readonly mediaType: string;
  /** Bytes. */
  readonly size: number;
}

/** A manifest with the exact bytes that were pushed. */
export interface ManifestRecord extends ManifestSummary {
  readonly payload: Uint8Array;
}

/** A manifest as the referrers list shows it. */
export interface ReferrerRecord extends ManifestSummary {
  readonly artifactType: string | undefined;
  readonly annotations: Annotations | undefined;
}

/** Content that a manifest names, in the order of the manifest. */
export interface ManifestReferenceInput {
  readonly kind: "config" | "layer" | "child" | "subject";
  readonly digest: Digest;
  readonly mediaType: string;
  /** Bytes, as the manifest claims. */
  readonly size: number;
  readonly platform?: Platform;
  /** Where else it is, as the manifest says; default nowhere. */
  readonly urls?: readonly string[];
  /** Whether the manifest is refused while the repository does not hold the content. */
  readonly required: boolean;
}

/** A manifest to store. */
export interface ManifestInput {
  readonly repository: string;
  readonly digest: Digest;
  readonly mediaType: string;
  readonly payload: Uint8Array;
  readonly artifactType?: string;
  /** That of its config; default none. */
  readonly configMediaType?: string;
  readonly subject?: Digest;
  readonly annotations?: Annotations;
  readonly references: readonly ManifestReferenceInput[];
  /** Tags to point at it in the same transaction. */
  readonly tags: readonly string[];
  /** Name of the user who pushes, for the history. */
  readonly actor?: string;
}

/** What became of {@link ManifestInput}. With anything missing, nothing was stored. */
export interface PutManifestResult {
  /** False when the repository already held the manifest. */
  readonly created: boolean;
  /** Required content that the repository does not hold, in the order of the manifest. */
  readonly missing: readonly Digest[];
}

/** A blob whose bytes are durable. */
export interface BlobInput {
  readonly repository: string;
  readonly canonical: Digest;
  /** The digest that the client gave, which may be the canonical one. */
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  /** Where the bytes were put when {@link MetadataStore.blobPlacement} did not say `live`. */
  readonly placed?: { readonly storageKey: string; readonly generation: number };
  /** The upload session that ends with this blob. */
  readonly uploadId?: string;
}

/** `stale`: the blob's placement changed meanwhile; ask for it again, put the bytes there, commit again. */
export type CommitBlobResult = { readonly outcome: "linked"; readonly blob: BlobRecord } | { readonly outcome: "stale" };

/** An upload session. */
export interface UploadRecord {
  /** UUID v7. */
  readonly id: string;
  readonly repository: string;
  /** Bytes that are durable in storage; the file may be longer after a crash. */
  readonly size: number;
  /** Counts checkpoints and changes of owner, so that of two writers one loses. */
  readonly version: number;
  /** The algorithm that the client announced; default sha256. */
  readonly algorithm: DigestAlgorithm;
  /** Path of the bytes in the storage driver; set at creation, moved by a checkpoint after a takeover. */
  readonly storageKey: string;
  readonly startedAt: Date;
  readonly updatedAt: Date;
  readonly expiresAt: Date;
}

/** One page of names after `last`. */
export interface PageRequest {
  /** Items at most. */
  readonly limit: number;
  /** Lists what comes after this item, itself excluded. */
  readonly last?: string;
}

/** One change of a tag. */
export interface TagHistoryRecord {
  readonly digest: Digest;
  readonly operation: "set" | "delete";
  readonly at: Date;
  /** Name of who did it; undefined: nobody had signed in. */
  readonly actor: string | undefined;
}

/**
 * An upload session that is ours to write. `takenOver`: its former writer never let go of the lease, so it may still be alive and
 * writing: the new one must go on in a file of its own.
 */
export interface ClaimedUpload extends UploadRecord {
  readonly takenOver: boolean;
}
