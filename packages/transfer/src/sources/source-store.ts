import type { CallOptions, Digest } from "@berth/oci";

/** One repository of a registry. */
export interface RepositoryPlace {
  /** Host, perhaps with a port, as people write it. */
  readonly registry: string;
  readonly repository: string;
}

/** A repository that is known to hold a blob. */
export interface KnownSource extends RepositoryPlace {
  /** Tells whether the credentials of today reached it; see {@link markSource}. Undefined: nobody's did. */
  readonly mark?: string;
}

/**
 * Remembers which repositories hold which content, so that a push can ask for a mount instead of sending bytes. What it knows are hints:
 * they may be out of date, and losing them costs time, never content. So nothing here fails because of what was kept badly.
 *
 * @see moby, distribution/metadata/v2_metadata_service.go
 */
export interface SourceStore {
  /** The repositories that are known to hold it, newest last. */
  find(digest: Digest, options?: CallOptions): Promise<readonly KnownSource[]>;
  /** Notes a repository as the newest. One that was known moves to the end; of more than 50 the oldest is forgotten. */
  note(digest: Digest, source: KnownSource): void;
  /** Forgets that a repository holds it. */
  forget(digest: Digest, place: RepositoryPlace): void;
  /** The blobs that an uncompressed layer became, newest last. */
  digestsOf(diffId: Digest, options?: CallOptions): Promise<readonly Digest[]>;
  /** Notes what an uncompressed layer became. */
  noteDiffId(diffId: Digest, digest: Digest): void;
  /** Makes everything noted so far last, where the store is of the lasting kind. */
  flush(options?: CallOptions): Promise<void>;
}
