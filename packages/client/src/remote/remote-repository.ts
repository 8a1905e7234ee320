import type {
  CallOptions,
  Descriptor,
  Digest,
  Paged,
  Platform,
  ReferrersOptions,
  RegistryReference,
  Repository,
  RepositoryName,
  Tag,
} from "@berth/oci";
import type { ByteReadable } from "../transport/byte-readable.ts";
import type { Content } from "../transport/body.ts";
import type { ResponseHeaders } from "../transport/transport.ts";
import type { FetchBlobOptions } from "./blob-fetch.ts";
import type { RemoteBlobStore } from "./blob-store.ts";
import type { Connection } from "./connection.ts";
import type { FetchedConfig, FetchedImage } from "./image-content.ts";
import type { FetchedReference, RemoteManifestStore } from "./manifest-store.ts";
import type { Referrers } from "./referrers/referrers.ts";
import type { MountBlobOptions } from "./upload/mount-blob.ts";
import type { PushBlobOptions } from "./upload/push-options.ts";

/** Options of calls that may choose one image of several. */
export interface PlatformOptions extends CallOptions {
  /**
   * The platform wanted: operating system and architecture must be equal, version and variant when they are given. A single image must
   * be for that platform too.
   */
  readonly platform?: Platform;
}

/** Options of {@link RemoteRepository.fetchBytes}. */
export interface FetchBytesOptions extends CallOptions {
  /** Bytes at most; default: `maxMetadataBytes` of the repository. */
  readonly maxBytes?: number;
}

/**
 * One repository of a remote registry. Content is told apart by media type: manifests and indexes live under `/manifests/`, everything
 * else under `/blobs/`; `manifests` and `blobs` are the two by themselves.
 *
 * Wherever a reference is wanted, a tag, a digest, `tag@digest` or a whole reference into this repository will do.
 */
export interface RemoteRepository extends Repository {
  readonly name: RepositoryName;
  /** Host, perhaps with a port, as people write it. */
  readonly registry: string;
  /** The tag or digest that the repository was named with, if any. */
  readonly reference: Tag | Digest | undefined;
  readonly connection: Connection;
  readonly blobs: RemoteBlobStore;
  readonly manifests: RemoteManifestStore;
  /** What is known about the registry's referrers API, and ways to say it beforehand. */
  readonly referrersApi: Referrers;

  /** Checks a reference into this repository. @throws {InvalidReferenceError} */
  parseReference(reference: string): RegistryReference & { readonly reference: Tag | Digest };
  /**
   * Describes what a tag or digest names; with a platform, the image for it.
   *
   * @throws {NotFoundError} if absent. @throws {PlatformNotFoundError} when there is no image for the platform.
   */
  resolve(reference: string, options?: PlatformOptions): Promise<Descriptor>;
  /**
   * Opens content: a blob is checked as it is read, a manifest before it is handed out. The digest of a manifest counts; its size need not
   * be what `target` says, since registries are wrong about it in lists of referrers and in answers to HEAD.
   *
   * @throws {NotFoundError} @throws {DigestMismatchError} @throws {SizeMismatchError} for blobs. @throws {LimitExceededError} for manifests.
   */
  fetch(target: Descriptor, options?: FetchBlobOptions): Promise<ByteReadable>;
  /** Reads the manifest that a reference names, in one request. @throws {NotFoundError} if absent. @throws {DigestMismatchError} @throws {LimitExceededError} */
  fetchReference(reference: string, options?: CallOptions): Promise<FetchedReference>;
  /** The headers of the answer to a HEAD by digest, by lower-case name. @throws {NotFoundError} if absent. */
  fetchHead(target: Descriptor, options?: CallOptions): Promise<ResponseHeaders>;
  /** Reads content into memory and checks it. @throws {LimitExceededError} when it is larger than allowed; nothing is read of blobs then. */
  fetchBytes(target: Descriptor, options?: FetchBytesOptions): Promise<Uint8Array>;
  /** Reads and decodes a manifest; with a platform, the image for it. @throws {NotFoundError} @throws {InvalidManifestError} */
  fetchManifest(reference: string, options?: PlatformOptions): Promise<FetchedImage>;
  /**
   * Reads an image's config. Of several images the one for `platform` is taken, by default linux/amd64.
   *
   * @throws {UnsupportedError} when there is no config: schema 1, artifact manifests.
   */
  fetchConfig(reference: string, options?: PlatformOptions): Promise<FetchedConfig>;
  /**
   * Stores content; already present is success. What the options say beside `signal` is for blobs: see `pushBlob`.
   *
   * @throws {DigestMismatchError} @throws {SizeMismatchError} nothing is kept then.
   */
  push(expected: Descriptor, content: Content, options?: PushBlobOptions): Promise<void>;
  /** Pushes a manifest and tags it in one step. */
  pushReference(expected: Descriptor, content: Content, reference: string, options?: CallOptions): Promise<void>;
  /** Takes a blob over from another repository of this registry. True when it is now here. @throws {ResponseError} 401 @throws {AuthError} unless the options deal with it. */
  mount(target: Descriptor, from: string | undefined, options?: MountBlobOptions): Promise<boolean>;
  /** By the referrers API, or the tag that stands for it where a registry has none; asks nothing before it is read. */
  referrers(subject: Descriptor, options?: ReferrersOptions): Paged<Descriptor>;
}
