import { Readable } from "node:stream";
import {
  type BlobEnumerator,
  BlobMountedError,
  type BlobStore,
  BlobUnknownError,
  type BlobUploader,
  type ByteSource,
  CANONICAL_ALGORITHM,
  type CallOptions,
  type CreateUploadOptions,
  type Descriptor,
  type Digest,
  type FetchOptions,
  MEDIA_TYPES,
  type MountSource,
  UnsupportedError,
  parseDigest,
} from "@berth/oci";
import { digestOf } from "@berth/oci/node";
import type { BlobRecord } from "../metadata/records.ts";
import type { OpenBlob } from "./blob-content.ts";
import { LocalBlobUpload } from "./blob-upload.ts";
import type { DomainContext } from "./context.ts";
import { withExactSize } from "./exact-size.ts";
import { pagedTexts } from "./paged.ts";
import type { Uploads } from "./uploads.ts";

/** Repositories asked, at most, when a mount names no source. */
const MAX_MOUNT_SOURCES = 100;

/** Says whether the caller of a mount may read a repository. */
export type MayPull = (repository: string) => boolean | Promise<boolean>;

/** Blobs of one repository. */
export class RepositoryBlobs implements BlobStore, BlobUploader, BlobEnumerator {
  readonly #context: DomainContext;
  readonly #repository: string;
  readonly #uploads: Uploads;

  constructor(context: DomainContext, repository: string, uploads: Uploads) {
    this.#context = context;
    this.#repository = repository;
    this.#uploads = uploads;
  }

  /** The blob's record. @throws {NotFoundError} if the repository does not hold it. */
  async get(digest: Digest): Promise<BlobRecord> {
    return (await this.#context.metadata.findBlob(this.#repository, digest)) ?? unknown(digest);
  }

  /** Opens the bytes of a record. */
  async open(blob: BlobRecord): Promise<OpenBlob> {
    return await this.#context.content.open(blob);
  }

  /** An address where the client can get the blob by itself, when the driver offers one. */
  async redirectUrl(blob: BlobRecord, method: "GET" | "HEAD"): Promise<string | undefined> {
    return await this.#context.content.driver.redirectUrl(blob.storageKey, { method });
  }

  async stat(digest: Digest): Promise<Descriptor> {
    const { size } = await this.get(digest);
    return { mediaType: MEDIA_TYPES.octetStream, digest, size };
  }

  async resolve(reference: string): Promise<Descriptor> {
    return await this.stat(parseDigest(reference));
  }

  async exists(target: Descriptor): Promise<boolean> {
    return (await this.#context.metadata.findBlob(this.#repository, target.digest)) !== undefined;
  }

  async fetch(target: Descriptor, options?: FetchOptions): Promise<Readable> {
    const blob = await this.#context.content.open(await this.get(target.digest));
    if (blob.bytes === undefined) {
      await blob.file?.close();
      return await blob.stream(options);
    }
    const { offset = 0, length = blob.bytes.byteLength } = options ?? {};
    return Readable.from([blob.bytes.subarray(offset, offset + length)]);
  }

  async push(expected: Descriptor, content: ByteSource, options?: CallOptions): Promise<void> {
    await this.#uploads.put(this.#repository, expected.digest, withExactSize(content, expected.size), { signal: options?.signal });
  }

  /** Stores a blob whose bytes are at hand, under their canonical digest, and describes it. Durable when it resolves. */
  async put(mediaType: string, bytes: Uint8Array, options?: CallOptions): Promise<Descriptor> {
    const stored = await this.#uploads.put(this.#repository, digestOf(bytes, CANONICAL_ALGORITHM), once(bytes), {
      signal: options?.signal,
    });
    return { ...stored, mediaType };
  }

  /** Starts an upload. @throws {BlobMountedError} when `mount` made it needless; a mount that finds nothing starts one. */
  async create({ mount, digestAlgorithm, signal }: CreateUploadOptions = {}): Promise<LocalBlobUpload> {
    signal?.throwIfAborted();
    if (mount !== undefined) await this.#mountInstead(mount);
    return new LocalBlobUpload(this.#uploads, this.#repository, await this.#uploads.create(this.#repository, digestAlgorithm));
  }

  /** Goes on with an upload of any process. @throws {BlobUploadUnknownError} */
  async resume(id: string, options?: CallOptions): Promise<LocalBlobUpload> {
    options?.signal?.throwIfAborted();
    return new LocalBlobUpload(this.#uploads, this.#repository, await this.#uploads.status(this.#repository, id));
  }

  enumerateBlobs(options?: CallOptions): AsyncIterable<Digest> {
    return pagedTexts((page) => this.#context.metadata.listBlobs(this.#repository, page), options);
  }

  /** Links the blob from `from`, or from any repository that `mayPull` allows when `from` is undefined. */
  async mount(
    target: Pick<Descriptor, "digest">,
    from: string | undefined,
    options: CallOptions & { readonly mayPull?: MayPull } = {},
  ): Promise<boolean> {
    return (await this.#link(target.digest, from, options.mayPull)) !== undefined;
  }

  /** Takes the blob out of this repository. @throws {NotFoundError} @throws {UnsupportedError} when deletes are off. */
  async delete(target: Pick<Descriptor, "digest">): Promise<void> {
    if (!this.#context.deleteEnabled) throw new UnsupportedError("delete blob");
    if (!(await this.#context.metadata.unlinkBlob(this.#repository, target.digest))) unknown(target.digest);
  }

  /** A blob that the caller has made sure of is not asked of `from` again: any repository that holds it will do. */
  async #mountInstead({ digest, from, stat }: MountSource): Promise<void> {
    const wanted = stat?.digest ?? digest;
    const mounted = await this.#link(wanted, stat === undefined ? from : undefined);
    if (mounted === undefined) return;
    const { mediaType = MEDIA_TYPES.octetStream } = stat ?? {};
    throw new BlobMountedError({ from: from ?? mounted.from, descriptor: { mediaType, digest: wanted, size: mounted.size } });
  }

  /** Takes a blob over from the first repository that has it; undefined when none has. */
  async #link(
    digest: Digest,
    from: string | undefined,
    mayPull?: MayPull,
  ): Promise<{ readonly from: string; readonly size: number } | undefined> {
    const { metadata } = this.#context;
    const sources = from === undefined ? await metadata.listBlobRepositories(digest, { limit: MAX_MOUNT_SOURCES }) : [from];
    for (const source of sources) {
      if (mayPull !== undefined && !(await mayPull(source))) continue;
      const blob = await metadata.mountBlob({ repository: this.#repository, from: source, digest });
      if (blob !== undefined) return { from: source, size: blob.size };
    }
    return undefined;
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function unknown(digest: Digest): never {
  throw new BlobUnknownError(digest);
}
