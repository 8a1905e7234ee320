import type { MetadataStore } from "../metadata/store.ts";
import type { BackgroundTasks } from "../observability/background.ts";
import type { BlobContent } from "./blob-content.ts";
import type { ManifestPolicy } from "./manifest-policy.ts";

/** Limits that the domain enforces: `maxBlobBytes` and `maxManifestBytes` are bytes of one of them, times are milliseconds. */
export interface DomainLimits {
  readonly maxBlobBytes: number;
  readonly maxManifestBytes: number;
  /** Tags that one push may set through parameters. */
  readonly maxTagsPerPush: number;
  /** A session ends when nothing is written for so long. */
  readonly uploadTtlMs: number;
  /** A writer that shows no life for so long may lose its session to another one. */
  readonly uploadLeaseMs: number;
  /** Referrers a page. */
  readonly maxReferrers: number;
}

/** What every part of the domain works with; made once, by the place that builds the object graph. */
export interface DomainContext {
  readonly metadata: MetadataStore;
  readonly content: BlobContent;
  readonly policy: ManifestPolicy;
  readonly limits: DomainLimits;
  /** Whether blobs and manifests may be deleted. */
  readonly deleteEnabled: boolean;
  readonly background: BackgroundTasks;
}
