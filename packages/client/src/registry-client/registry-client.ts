import type { CallOptions, Descriptor, Digest, ImageManifest, IndexManifest, Manifest, Paged, Schema1Manifest } from "@berth/oci";
import type { ByteReadable } from "../transport/byte-readable.ts";
import type { Connection } from "../remote/connection.ts";
import type { RemoteRepository } from "../remote/remote-repository.ts";
import type { Content } from "../transport/body.ts";
import type { UploadBlobOptions } from "./blob-upload.ts";
import type { SchemaTwoOptions } from "./manifest-reads.ts";
import type { Schema2Fields } from "./schema2.ts";

/** Options of {@link RegistryClient.downloadBlob}. */
export interface DownloadBlobOptions extends CallOptions {
  /** Hands the bytes out without checking their digest; default false. */
  readonly raw?: boolean;
}

/**
 * A registry as docker-registry-client shows it: one object, a method for each thing to do, repositories by name. It stands on the
 * same ground as `RemoteRegistry`, which does more. Wherever a reference is wanted, a tag or a digest will do.
 *
 * Whatever asks the registry @throws {InvalidReferenceError} on a bad name of a repository or a tag, before anything is sent;
 * @throws {ResponseError} on any other refusal than those named below; @throws {AuthError} @throws {NetworkError} @throws {ProtocolError}.
 */
export interface RegistryClient {
  /** Without a slash at the end; below it lies `/v2/`. */
  readonly url: string;
  readonly connection: Connection;
  /** The same repository with everything that it can do. Never waits. @throws {InvalidReferenceError} */
  repository(name: string): RemoteRepository;

  /**
   * Resolves when the registry speaks the protocol and takes the credentials.
   *
   * @throws {ResponseError} whose status is 404 or 405 when it is no registry that answers.
   */
  ping(options?: CallOptions): Promise<void>;
  /** The names of all repositories. @throws {ResponseError} where there is no catalog, or not for us. */
  repositories(options?: CallOptions): Promise<readonly string[]>;
  /** The same, page by page; see `createPageReader`. */
  repositoryPages(options?: CallOptions): Paged<string>;
  /** All tags of a repository. @throws {NotFoundError} when there is no such repository. */
  tags(repository: string, options?: CallOptions): Promise<readonly string[]>;
  /** The same, page by page; see `createPageReader`. */
  tagPages(repository: string, options?: CallOptions): Paged<string>;

  /** Whether the repository holds a blob. @throws {InvalidDigestError} */
  hasBlob(repository: string, digest: string, options?: CallOptions): Promise<boolean>;
  /** Digest and size of a blob. @throws {NotFoundError} @throws {InvalidDigestError} */
  blobMetadata(repository: string, digest: string, options?: CallOptions): Promise<Descriptor>;
  /**
   * Opens a blob. The stream fails instead of ending when the bytes do not have the digest. Consume or destroy it.
   *
   * @throws {NotFoundError} @throws {InvalidDigestError}
   */
  downloadBlob(repository: string, digest: string, options?: DownloadBlobOptions): Promise<ByteReadable>;
  /**
   * Uploads a blob in one piece. When the registry asks for a token only now, content that can be read only once is lost, unless
   * `getBody` opens it anew.
   *
   * @throws {UnreplayableBodyError} then. @throws {ResponseError} when the registry refuses it. @throws {InvalidDigestError}
   */
  uploadBlob(repository: string, digest: string, content: Content, options?: UploadBlobOptions): Promise<void>;

  /** Reads a manifest of any type, best as a Docker image. Its `raw` are the bytes as they came. @throws {NotFoundError} @throws {InvalidManifestError} */
  manifest(repository: string, reference: string, options?: CallOptions): Promise<Manifest>;
  /** Reads a schema 1 manifest. @throws {NotFoundError} @throws {UnsupportedError} when there is only another one. */
  manifestV1(repository: string, reference: string, options?: CallOptions): Promise<Schema1Manifest>;
  /**
   * Reads a Docker v2 image manifest; where the reference names a list, the one for the platform, or else the first one.
   *
   * @throws {NotFoundError} @throws {UnsupportedError} when there is only another one. @throws {InvalidManifestError} when a list is empty.
   */
  manifestV2(repository: string, reference: string, options?: SchemaTwoOptions): Promise<ImageManifest>;
  /** Reads a Docker manifest list. @throws {NotFoundError} @throws {UnsupportedError} when there is only another manifest. */
  manifestList(repository: string, reference: string, options?: CallOptions): Promise<IndexManifest>;
  /** Type, digest and size of a manifest, by one HEAD; where its answer says too little, the manifest is read. @throws {NotFoundError} */
  manifestDescriptor(repository: string, reference: string, options?: CallOptions): Promise<Descriptor>;
  /**
   * The digest that the registry names when it is asked for no type in particular: in old registries that of the schema 1 manifest.
   *
   * @throws {NotFoundError} @throws {ProtocolError} when the registry names none.
   */
  manifestDigest(repository: string, reference: string, options?: CallOptions): Promise<Digest>;
  /** The digest of the Docker v2 image manifest. @throws {NotFoundError} @throws {ProtocolError} when the registry names none. */
  manifestV2Digest(repository: string, reference: string, options?: CallOptions): Promise<Digest>;
  /** Deletes a manifest. @throws {NotFoundError} @throws {InvalidDigestError} @throws {UnsupportedError} when deletes are switched off. */
  deleteManifest(repository: string, digest: string, options?: CallOptions): Promise<void>;
  /**
   * Pushes a manifest: its own bytes, under its own media type.
   *
   * @throws {InvalidReferenceError} when the reference is another digest. @throws {LimitExceededError} when it has more than 4 MiB.
   * @throws {ResponseError} when the registry refuses it, for one when it lacks what the manifest names.
   */
  putManifest(repository: string, reference: string, manifest: Manifest, options?: CallOptions): Promise<void>;
  /** Writes a Docker v2 image manifest and pushes it. Gives its digest. @throws {InvalidManifestError} before anything is sent. */
  putManifestV2(repository: string, reference: string, fields: Schema2Fields, options?: CallOptions): Promise<Digest>;

  /** Closes idle connections. */
  close(options?: CallOptions): Promise<void>;
}
