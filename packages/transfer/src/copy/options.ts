import type { CallOptions, Descriptor, Digest, Platform } from "@berth/oci";
import type { TransferEvent } from "../events.ts";
import type { TransferManager } from "../manager/transfer-manager.ts";
import type { UploadJournal } from "./upload-journal.ts";

/** Which referrers are copied along. */
export interface ReferrerSelection {
  /** Only those of one of these artifact types. Default all. */
  readonly artifactTypes?: readonly string[];
  /** Only those that have all of these annotations. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** Only those that have annotations with all of these names, whatever they say. */
  readonly annotationNames?: readonly string[];
  /** How far: 1 for the referrers of the image alone, 2 for those of its referrers too. Default 8. */
  readonly depth?: number;
}

/**
 * Why a repository gave no blob: the registry wants its bytes (`not-mounted`), it wants to know first who asks (`unauthorized`), or it
 * refused in another way.
 */
export type MountRefusal = "not-mounted" | "refused" | "unauthorized";

/** Options of {@link copyGraph}. */
export interface CopyGraphOptions extends CallOptions {
  /**
   * Default: one of its own, with the usual limits. One that copies of several registries share wants to know which of them are waited for:
   * `hooks: { onSlowdown: ({ delayMs }) => manager.slowDown(registry, delayMs) }` of their connections. Those of an engine tell it.
   */
  readonly manager?: TransferManager;
  /** Manifests that are worked on at a time; 0: no limit. Default 6, and one where the destination keeps their order. Blobs are the manager's to limit. */
  readonly concurrency?: number;
  /** Bytes of a manifest at most; default 4 MiB. */
  readonly maxMetadataBytes?: number;
  /** How deep indexes may stand in indexes; default 8. */
  readonly maxDepth?: number;
  /** Manifests and blobs in all, at most; default 100,000. */
  readonly maxNodes?: number;
  /**
   * Of indexes, only the children for one of these platforms, and what is attached to those children. The index is copied as it is: its
   * digest stays, and the destination must take an index that is not whole. They are looked for also where the destination has the index.
   * Default all; an empty list means none.
   */
  readonly platforms?: readonly Platform[];
  /** Told of a platform of `platforms` that no child is for, though one is for another of them. Default: that is an error, as is none at all. */
  readonly onPlatformMissing?: (index: Descriptor, platform: Platform) => void;
  /** Chooses the children of an index itself; goes before `platforms`. */
  readonly selectChildren?: (index: Descriptor, children: readonly Descriptor[]) => readonly Descriptor[];
  /** Referrers too: all, or some. Default none. */
  readonly referrers?: boolean | ReferrerSelection;
  /** Layers that are kept outside of registries are copied too, and must be had; default false: they are left where they are. */
  readonly external?: boolean;
  /**
   * Looks at everything below, also where a registry has the manifest above already, and copies what is missing. Default false: of a
   * registry only an index is looked into, where there is something to do: tags to be moved, `platforms`, `referrers`. What is no registry
   * that is reached over the network, such as a layout, is always looked at.
   */
  readonly recheck?: boolean;
  /**
   * Names of repositories of the destination's registry that may hold a blob, best first. The destination's own among them says that it may
   * be there already: that is asked before another one is to give it.
   */
  readonly mountCandidates?: (descriptor: Descriptor) => readonly string[] | Promise<readonly string[]>;
  /** Told of candidates that did not have the blob, or were not to be read. */
  readonly onMountRefused?: (descriptor: Descriptor, from: string, reason: MountRefusal) => void;
  /** Told of everything that was pushed. */
  readonly onCopied?: (descriptor: Descriptor) => void;
  /** Told of everything that was there already. */
  readonly onExisting?: (descriptor: Descriptor) => void;
  /** Told of blobs that another repository of the registry gave; `from` is the destination's own name when the registry did not say. */
  readonly onMounted?: (descriptor: Descriptor, from: string) => void;
  /** Told of external layers that were left where they are. */
  readonly onSkipped?: (descriptor: Descriptor) => void;
  /** Told of every step. */
  readonly onEvent?: (event: TransferEvent) => void;
  /** Bytes of a chunk, where a registry takes a blob in chunks only; default that of the client. */
  readonly chunkSize?: number;
  /** Remembers uploads, for another process to go on with when this one ends early. Default: none. */
  readonly journal?: UploadJournal;
}

/** Counts of a copy. */
export interface CopyStats {
  /** Manifests and blobs that this copy pushed. */
  readonly copied: number;
  /** Blobs that another repository of the registry gave. */
  readonly mounted: number;
  /**
   * Manifests and blobs that were there, or that another copy brought meanwhile; what is below a manifest that was there is counted where
   * it was looked at.
   */
  readonly existing: number;
  /** External layers that were left where they are. */
  readonly skipped: number;
  /** Bytes that went over: less than what was pushed has where an earlier run had left a part, more where something was sent again. */
  readonly bytes: number;
}

/** Options of {@link copy} and {@link copyTags}. */
export interface CopyOptions extends CopyGraphOptions {
  /**
   * What happens to a tag that exists at the destination and names something else: it is moved (`overwrite`, the default), it is left and
   * nothing is copied for it (`keep`), or the copy fails before anything is moved (`refuse`).
   */
  readonly existingTags?: "overwrite" | "keep" | "refuse";
  /**
   * What hangs on a manifest by tags made of its digest is copied too: signatures and the like of older tools (`sha256-<hex>.sig`), lists of
   * referrers of registries that have no API for them (`sha256-<hex>`, unless `referrers` are copied). Default false.
   */
  readonly digestTags?: boolean;
  /** Stores every manifest under its digest first, then moves all tags. Default: each tag as soon as all that it names is there. */
  readonly atomic?: boolean;
  /**
   * Called when all content is at the destination, before tags are moved to it; they are moved last then, as with {@link atomic}. What it
   * throws ends the copy, with the tags as they were.
   */
  readonly beforeTags?: (root: Descriptor) => Promise<void>;
}

/** What became of one tag. */
export interface CopiedTag {
  readonly tag: string;
  readonly digest: Digest;
  /** Bytes of the manifest. */
  readonly size: number;
  /** `unchanged`: it named that already; `kept`: it names something else, and was to be left alone. */
  readonly outcome: "tagged" | "unchanged" | "kept";
  /** Of a tag that is unchanged: manifests and blobs that were missing there and came. Absent when nothing was. */
  readonly copied?: number;
}

/** What {@link copy} did. */
export interface CopyResult {
  readonly descriptor: Descriptor;
  /** One for each tag asked for, in that order. */
  readonly tags: readonly CopiedTag[];
  readonly stats: CopyStats;
}
