import {
  type BlobStore,
  BlobUnknownError,
  type CallOptions,
  type Descriptor,
  type Digest,
  parseDigest,
  type PassingFetcher,
} from "@berth/oci";
import type { ByteReadable } from "../transport/byte-readable.ts";
import type { Content } from "../transport/body.ts";
import type { ResponseHeaders } from "../transport/transport.ts";
import { acknowledged } from "../transport/web-page.ts";
import { checkContentDigest, orNotFound, orUnsupported } from "./answers.ts";
import { downloadStream, fetchBlob, type FetchBlobOptions, openUnknown } from "./blob-fetch.ts";
import { type BlobHandle, openBlob } from "./blob-handle.ts";
import { askForBlob, hasBlob, statBlob } from "./blob-stat.ts";
import { blobPath, type RepositoryContext, scopesOf } from "./context.ts";
import { fetchPassing, type PassingBlob } from "./fetch-passing.ts";
import type { FetchedReference } from "./manifest-store.ts";
import { checkReference } from "./reference-check.ts";
import { saveBlob, type SaveBlobOptions } from "./save-blob.ts";
import { createBlobUploader, type RemoteBlobUploader } from "./upload/blob-uploader.ts";
import { type MountBlobOptions, mountBlob } from "./upload/mount-blob.ts";
import { pushBlob } from "./upload/push-blob.ts";
import type { PushBlobOptions } from "./upload/push-options.ts";

/** The blobs of a remote repository, whatever their media type. */
export interface RemoteBlobStore extends BlobStore, PassingFetcher {
  /**
   * Opens a blob, or the part that `offset` and `length` name. The stream fails instead of ending when the bytes are not those that were
   * promised. When the connection breaks, the rest is fetched anew. @throws {NotFoundError} if absent. Consume or destroy the stream.
   */
  fetch(target: Descriptor, options?: FetchBlobOptions): Promise<ByteReadable>;
  /**
   * {@link fetch} for readers that pass bytes on at once, the cheapest way where much is pulled: the memory of a chunk is used again once
   * the third one after it is asked for. Nothing is sent before the first one is. @throws {NotFoundError} if absent.
   */
  fetchPassing(target: Descriptor, options?: FetchBlobOptions): PassingBlob;
  /**
   * Pulls a blob into a file. The file appears, or takes the place of another one, only when all of it is there and right; it is not
   * forced onto the disk. A symbolic link is replaced, not followed; what is no file is left alone.
   *
   * @throws {NotFoundError} if absent. @throws {DigestMismatchError} @throws {SaveError} when the file system refuses, with its code.
   */
  save(target: Descriptor, path: string, options?: SaveBlobOptions): Promise<void>;
  /** Looks a blob up and opens it. */
  fetchReference(reference: string, options?: CallOptions): Promise<FetchedReference>;
  /** The headers of the answer to a HEAD, by lower-case name. @throws {NotFoundError} if absent. */
  fetchHead(target: Descriptor, options?: CallOptions): Promise<ResponseHeaders>;
  /** Opens a blob to be read piece by piece. @throws {NotFoundError} if absent. */
  open(target: Descriptor, options?: CallOptions): Promise<BlobHandle>;
  /** Stores a blob; see `pushBlob`. @throws {DigestMismatchError} @throws {SizeMismatchError} nothing is kept then. */
  push(expected: Descriptor, content: Content, options?: PushBlobOptions): Promise<void>;
  /** Takes a blob over from another repository of the registry; see `mountBlob`. False when it is not here afterwards. @throws {ResponseError} 401 @throws {AuthError} when nobody else is told of it. */
  mount(target: Descriptor, from: string | undefined, options?: MountBlobOptions): Promise<boolean>;
  /** Stores blobs in steps that a later process can go on with. */
  readonly uploads: RemoteBlobUploader;
}

/** Makes the blob store of a repository. */
export function createBlobStore(context: RepositoryContext, registry: string): RemoteBlobStore {
  const stat = async (digest: Digest, options: CallOptions = {}): Promise<Descriptor> => await statBlob(context, digest, options);
  const digestOf = (reference: string): Digest => parseDigest(checkReference(context, registry, reference));
  return {
    stat,
    resolve: async (reference, options) => await stat(digestOf(reference), options),
    exists: async (target, options = {}) => await hasBlob(context, target, options),
    async fetchHead(target, options = {}) {
      const response = await askForBlob(context, "HEAD", target.digest, options);
      await acknowledged(response);
      return response.headers;
    },
    fetch: async (target, options) => await fetchBlob(context, target, options),
    fetchPassing: (target, options) => fetchPassing(context, target, options),
    save: async (target, path, options) => await saveBlob(context, target, path, options),
    async fetchReference(reference, options = {}) {
      const { descriptor, blob } = await openUnknown(context, digestOf(reference), options);
      return { descriptor, content: downloadStream(context, blob, { start: 0, end: descriptor.size }, options) };
    },
    open: async (target, options) => await openBlob(context, target, options),
    push: async (expected, content, options) => await pushBlob(context.connection, context.name, expected, content, options),
    mount: async (target, from, options) => (await mountBlob(context.connection, context.name, target, from, options)) !== "refused",
    uploads: createBlobUploader(context.connection, context.name),
    delete: async (target, options = {}) => await deleteBlob(context, target.digest, options),
  };
}

async function deleteBlob(context: RepositoryContext, digest: Digest, { signal }: CallOptions): Promise<void> {
  const answer = context.connection.send({
    method: "DELETE",
    target: blobPath(context, digest),
    operation: "delete blob",
    scopes: scopesOf(context, "delete"),
    expect: [202, 200, 204],
    ...(signal && { signal }),
  });
  const response = await orUnsupported(
    orNotFound(answer, (options) => new BlobUnknownError(digest, options)),
    "delete blob",
  );
  await acknowledged(response);
  checkContentDigest(response, digest);
}
