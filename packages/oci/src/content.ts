import type { Descriptor } from "./descriptor.ts";
import type { Digest } from "./digest.ts";

/** Bytes handed to us: a Node `Readable`, a web `ReadableStream` and an async generator all fit. */
export type ByteSource = AsyncIterable<Uint8Array>;

/** Bytes handed out. In Node always a `Readable`; consume it or destroy it. */
export interface ByteStream extends AsyncIterable<Uint8Array> {
  /** Ends it before its end, and frees what it holds. With an error, who reads it gets that. */
  destroy(error?: Error): unknown;
}

/** Options of every call that can wait. */
export interface CallOptions {
  /** Aborting rejects the call with the signal's own reason. */
  readonly signal?: AbortSignal;
}

/** Options of {@link Fetcher.fetch}. */
export interface FetchOptions extends CallOptions {
  /** First byte wanted; default 0. */
  readonly offset?: number;
  /** Bytes wanted; default up to the end. */
  readonly length?: number;
}

/** Items one by one, or page by page as the source gives them. */
export interface Paged<T> extends AsyncIterable<T> {
  /** The same items, one array for each page as it comes. */
  pages(): AsyncIterable<readonly T[]>;
}

/** Options of lists. */
export interface ListOptions extends CallOptions {
  /** Lists what comes after this item, itself excluded; it need not exist. */
  readonly last?: string;
  /** Items a page; the store may give fewer. Default: the store's own. */
  readonly pageSize?: number;
}

/** Reads content by descriptor. */
export interface Fetcher {
  /** Opens the content. @throws {NotFoundError} if absent. The caller must consume or destroy the stream. */
  fetch(target: Descriptor, options?: FetchOptions): Promise<ByteStream>;
}

/** Reads content for those who pass it on at once. Optional: what has no such way is read by {@link Fetcher.fetch}. */
export interface PassingFetcher {
  /**
   * Content that is fetched with the first chunk asked for. The memory of a chunk is used again once the third one after it is asked for:
   * see `ReplayableSource.openPassing`. @throws {NotFoundError} if absent.
   */
  fetchPassing(target: Descriptor, options?: FetchOptions): ByteSource;
}

/** Writes content. */
export interface Pusher {
  /**
   * Stores `content`; already present is success. Afterwards the content is visible whole, or not at all on error.
   *
   * @throws {DigestMismatchError} @throws {SizeMismatchError} nothing is kept then.
   */
  push(expected: Descriptor, content: ByteSource, options?: CallOptions): Promise<void>;
  /** Whether it can be read here; absent is no error. */
  exists(target: Descriptor, options?: CallOptions): Promise<boolean>;
}

/** Turns a tag or digest into a descriptor. */
export interface Resolver {
  /** @throws {NotFoundError} if the reference names nothing. */
  resolve(reference: string, options?: CallOptions): Promise<Descriptor>;
}

/** Names content. */
export interface Tagger {
  /** Points `tag` at a manifest that the store holds, moving it when it exists. @throws {NotFoundError} when it does not hold it. */
  tag(target: Descriptor, tag: string, options?: CallOptions): Promise<void>;
}

/** Takes a name away; the content stays. */
export interface Untagger {
  /** @throws {NotFoundError} when the tag does not exist. */
  untag(tag: string, options?: CallOptions): Promise<void>;
}

/** Removes content. */
export interface Deleter {
  /** @throws {NotFoundError} if absent. @throws {UnsupportedError} when deletes are switched off. */
  delete(target: Descriptor, options?: CallOptions): Promise<void>;
}

/** Takes a blob over from another repository of the same registry without moving bytes. */
export interface Mounter {
  /** True when the blob is now here; false when the source does not hold it. `from` undefined: any readable repository. */
  mount(target: Descriptor, from: string | undefined, options?: CallOptions): Promise<boolean>;
}

/** Lists tags in byte order. */
export interface TagLister {
  /** Nothing is asked before it is read. */
  tags(options?: ListOptions): Paged<string>;
}

/** Options of {@link ReferrerLister.referrers}. */
export interface ReferrersOptions extends CallOptions {
  /** Only referrers of this artifact type. */
  readonly artifactType?: string;
}

/** Lists the manifests whose `subject` is a given manifest. */
export interface ReferrerLister {
  /** Nothing is asked before it is read; no referrers give an empty list. */
  referrers(subject: Descriptor, options?: ReferrersOptions): Paged<Descriptor>;
}

/** Walks the graph upwards. */
export interface PredecessorFinder {
  /** The manifests that point at `target`. */
  predecessors(target: Descriptor, options?: CallOptions): Promise<readonly Descriptor[]>;
}

/** Blobs of one repository. */
export interface BlobStore extends Fetcher, Pusher, Deleter, Mounter, Resolver {
  /** Describes a blob by digest; the media type is `application/octet-stream`. @throws {NotFoundError} if absent. */
  stat(digest: Digest, options?: CallOptions): Promise<Descriptor>;
}

/** Manifests of one repository. */
export interface ManifestStore extends Fetcher, Pusher, Deleter, Resolver, Tagger {
  /** Opens by tag or digest in one step. @throws {NotFoundError} if absent. */
  fetchReference(reference: string, options?: CallOptions): Promise<{ readonly descriptor: Descriptor; readonly content: ByteStream }>;
  /** Pushes and tags in one step. */
  pushReference(expected: Descriptor, content: ByteSource, reference: string, options?: CallOptions): Promise<void>;
}

/** Tags of one repository. */
export interface TagStore extends Resolver, Tagger, Untagger, TagLister {}

/** Content that can be read by name. */
export interface ReadOnlyTarget extends Fetcher, Resolver {}

/** Content that can be read and written by name. */
export interface Target extends ReadOnlyTarget, Pusher, Tagger {}

/** A target that knows who points at what. */
export interface GraphTarget extends Target, PredecessorFinder {}

/** One repository: manifests and blobs told apart by media type, with the parts as members. */
export interface Repository extends GraphTarget, Deleter, TagLister, ReferrerLister, Untagger {
  /** Without the registry host. */
  readonly name: string;
  readonly blobs: BlobStore;
  readonly manifests: ManifestStore;
  readonly tagStore: TagStore;
}

/** Many repositories. */
export interface Registry {
  /** Never waits: the repository need not exist. @throws {InvalidReferenceError} on a bad name. */
  repository(name: string): Repository;
  /** Names in byte order. */
  repositories(options?: ListOptions): Paged<string>;
}
