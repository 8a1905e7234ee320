import type { Digest, DigestAlgorithm } from "@berth/oci";
import type {
  BlobInput,
  BlobPlacement,
  BlobRecord,
  ClaimedUpload,
  CommitBlobResult,
  ManifestInput,
  ManifestRecord,
  ManifestSummary,
  PageRequest,
  PutManifestResult,
  ReferrerRecord,
  TagHistoryRecord,
  UploadRecord,
} from "./records.ts";

/** A manifest named by tag or by digest. */
export type ManifestKey = { readonly digest: Digest } | { readonly tag: string };

/**
 * The truth about what the registry holds. What implementers must guarantee:
 *
 * - Every method is one transaction: it happened whole when the promise resolves and survives a crash then, or not at all when it rejects.
 *   It survives a power cut too, apart from upload sessions that were created, claimed or ended in its last moments.
 * - What one call made is seen by every later call, of any process on the same database.
 * - Names and tags are compared and ordered by bytes.
 * - Costs follow the page: no method reads more rows than it returns, apart from a manifest's own references and a tag's own history.
 *
 * Names and digests are parsed before they come here. Unreachable or busy databases throw `MetadataUnavailableError`.
 */
export interface MetadataStore {
  /** The repository exists once something was pushed to it or a blob upload ended in it. */
  hasRepository(repository: string): Promise<boolean>;
  /** Names of repositories that hold a manifest, in byte order. */
  listRepositories(page: PageRequest): Promise<readonly string[]>;
  /** Removes a repository with its manifests, tags, blob links and upload sessions; bytes stay for the collector. False when unknown. */
  deleteRepository(repository: string): Promise<boolean>;
  /** Removes what is left of deleted repositories after a crash in the middle; nothing of it is visible. To be called now and then. */
  purgeRepositories(): Promise<void>;

  /** The live blob that the repository links under this digest, or under another known digest of the same bytes. */
  findBlob(repository: string, digest: Digest): Promise<BlobRecord | undefined>;
  /** Where the bytes of a canonical digest are, for any repository. */
  blobPlacement(canonical: Digest): Promise<BlobPlacement>;
  /** Links a blob into a repository, ends its upload session and queues it for review. */
  commitBlob(input: BlobInput): Promise<CommitBlobResult>;
  /** Links a live blob of `from` into `repository`; undefined when `from` does not hold it. */
  mountBlob(input: { readonly repository: string; readonly from: string; readonly digest: Digest }): Promise<BlobRecord | undefined>;
  /** Takes the link away; false when there was none. */
  unlinkBlob(repository: string, digest: Digest): Promise<boolean>;
  /** Names of repositories that link the blob, in byte order. */
  listBlobRepositories(digest: Digest, page: PageRequest): Promise<readonly string[]>;
  /** Digests of the blobs that the repository links, as pushed, in byte order. */
  listBlobs(repository: string, page: PageRequest): Promise<readonly Digest[]>;

  /** Undefined when the repository has no such tag or digest. */
  statManifest(repository: string, key: ManifestKey): Promise<ManifestSummary | undefined>;
  /** The same with the bytes. */
  findManifest(repository: string, key: ManifestKey): Promise<ManifestRecord | undefined>;
  /** Checks what the manifest needs, stores it, moves its tags, writes their history and queues what they let go. */
  putManifest(input: ManifestInput): Promise<PutManifestResult>;
  /** Removes a manifest and its tags. Undefined when unknown. */
  deleteManifest(repository: string, digest: Digest, actor?: string): Promise<{ readonly tags: readonly string[] } | undefined>;
  /** Digests of the manifests of a repository, in byte order. */
  listManifests(repository: string, page: PageRequest): Promise<readonly Digest[]>;
  /** Manifests whose subject is `subject`, oldest first; `after` is the id of the last one seen. */
  listReferrers(query: {
    readonly repository: string;
    readonly subject: Digest;
    readonly artifactType?: string;
    readonly after?: number;
    readonly limit: number;
  }): Promise<readonly ReferrerRecord[]>;
  /** Manifests of the repository that name `digest` as config, layer, child or subject. */
  listPredecessors(repository: string, digest: Digest, limit: number): Promise<readonly ManifestSummary[]>;

  /** Points a tag at a manifest that the repository holds; false when it does not hold it. */
  setTag(repository: string, tag: string, digest: Digest, actor?: string): Promise<boolean>;
  /** Takes a tag away; false when it does not exist. */
  deleteTag(repository: string, tag: string, actor?: string): Promise<boolean>;
  /** Tag names in byte order; undefined when the repository does not exist. */
  listTags(repository: string, page: PageRequest): Promise<readonly string[] | undefined>;
  /** Tags that point at a manifest, in byte order. */
  listTagsOf(repository: string, digest: Digest, page: PageRequest): Promise<readonly string[]>;
  /** Digests that a tag ever had and that the repository still holds, in byte order. */
  listTagDigests(repository: string, tag: string): Promise<readonly Digest[]>;
  /** Changes of a tag, newest first. */
  listTagHistory(repository: string, tag: string, limit: number): Promise<readonly TagHistoryRecord[]>;

  /** Starts a session of no bytes; nobody has claimed it. */
  createUpload(input: {
    readonly id: string;
    readonly repository: string;
    readonly algorithm: DigestAlgorithm;
    readonly storageKey: string;
    /** Milliseconds from now until the session ends when nothing is written. */
    readonly ttlMs: number;
  }): Promise<UploadRecord>;
  /** Undefined for a session that ended, even if its row is still there; so a purge never takes one from under a writer. */
  findUpload(repository: string, id: string): Promise<UploadRecord | undefined>;
  /**
   * Makes `owner` the only writer for `leaseMs`; `held` when another one still is. A lease that ran out can be taken. A new owner gets a
   * new version, so that nothing its predecessor still checkpoints counts. `owner` names one request, not a process.
   */
  claimUpload(repository: string, id: string, owner: string, leaseMs: number): Promise<ClaimedUpload | "held" | undefined>;
  /**
   * Records that `size` bytes are durable, if `version` is still the current one; the new version otherwise undefined.
   * `leaseMs` 0 lets go of the lease; `ttlMs` moves the session's end.
   */
  checkpointUpload(input: {
    readonly id: string;
    readonly version: number;
    readonly size: number;
    /** Where the bytes are from now on; default: where they were. */
    readonly storageKey?: string;
    readonly leaseMs: number;
    readonly ttlMs: number;
  }): Promise<number | undefined>;
  /** Ends a session without a blob; false when unknown. A writer at work notices at its next checkpoint. */
  deleteUpload(repository: string, id: string): Promise<boolean>;
  /** Sessions that ended before `now` with no live lease, oldest first. */
  listExpiredUploads(now: Date, limit: number): Promise<readonly UploadRecord[]>;
  /** Which of these session ids exist; for the sweep of stray files. */
  knownUploads(ids: readonly string[]): Promise<ReadonlySet<string>>;
  /** Which of these canonical digests have a blob row, or a manifest in some repository; for the sweep of stray files. */
  knownBlobs(digests: readonly Digest[]): Promise<ReadonlySet<Digest>>;

  /** Manifests whose payload is not yet in blob storage as well, oldest first. */
  listUnexportedManifests(limit: number): Promise<readonly ManifestRecord[]>;
  /** Notes that they are there now. `ids` are those of their rows. */
  markExported(ids: readonly number[]): Promise<void>;

  /** Resolves when the database answers and its schema is the one we need. */
  ping(): Promise<void>;
  /** Closes the database. Nothing may be asked of it afterwards. */
  close(): Promise<void>;
}
