import type { ByteSource, CallOptions } from "./content.ts";
import type { Descriptor } from "./descriptor.ts";
import type { DigestAlgorithm } from "./digest.ts";

/** An unfinished blob. Bytes written stay until it is committed, cancelled or expires, over restarts too. */
export interface BlobUpload {
  /** Resumes the upload by {@link BlobUploader.resume}; opaque. */
  readonly id: string;
  readonly startedAt: Date;
  /** Bytes held. */
  readonly size: number;
  /** Appends bytes. @throws {BlobUploadUnknownError} once committed or cancelled. @throws {TypeError} once closed. */
  write(chunk: Uint8Array, options?: CallOptions): Promise<void>;
  /** Appends everything `source` gives and returns how many bytes that was. What arrived before an error is kept. */
  writeFrom(source: ByteSource, options?: CallOptions): Promise<number>;
  /** Lets go of the upload, to be resumed later. */
  close(): Promise<void>;
  /**
   * Turns the bytes into a blob and describes it; the digest may be of another algorithm than asked for.
   *
   * @throws {SizeMismatchError} @throws {DigestMismatchError} the upload is gone after a wrong digest.
   */
  commit(expected: CommitTarget, options?: CallOptions): Promise<Descriptor>;
  /** Throws the bytes away. Cancelling again, or after a commit, does nothing. */
  cancel(options?: CallOptions): Promise<void>;
}

/** What {@link BlobUpload.commit} checks; a size that is not given is not checked. */
export type CommitTarget = Pick<Descriptor, "digest"> & Partial<Descriptor>;

/** A blob of another repository of the same registry, to be taken over instead of uploaded. */
export interface MountSource {
  readonly digest: Descriptor["digest"];
  /** Name of the repository that holds it; undefined: any readable one. */
  readonly from?: string;
  /** The blob, when the caller has already made sure of it: it is then not looked up again. */
  readonly stat?: Descriptor;
}

/** Options of {@link BlobUploader.create}. */
export interface CreateUploadOptions extends CallOptions {
  /** A blob that would make the upload needless; default none. Where it is not to be had, the upload starts. */
  readonly mount?: MountSource;
  /** The algorithm that the commit will name; the store then hashes while bytes arrive. Default sha256. */
  readonly digestAlgorithm?: DigestAlgorithm;
}

/** Stores blobs in steps. */
export interface BlobUploader {
  /** Starts an upload. @throws {BlobMountedError} when `mount` made it needless. */
  create(options?: CreateUploadOptions): Promise<BlobUpload>;
  /** Goes on with an upload, perhaps of another process. @throws {BlobUploadUnknownError} */
  resume(id: string, options?: CallOptions): Promise<BlobUpload>;
}
