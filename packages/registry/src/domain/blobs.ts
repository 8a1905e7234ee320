import { Readable } from "node:stream";
import {
  type BlobStore,
  type ByteSource,
  type CallOptions,
  type Descriptor,
  type Digest,
  type FetchOptions,
  MEDIA_TYPES,
  NotFoundError,
  UnsupportedError,
  parseDigest,
} from "@berth/oci";
import type { BlobRecord } from "../metadata/records.ts";
import type { OpenBlob } from "./blob-content.ts";
import type { DomainContext } from "./context.ts";
import { withExactSize } from "./exact-size.ts";
import type { Uploads } from "./uploads.ts";

/** Repositories asked, at most, when a mount names no source. */
const MAX_MOUNT_SOURCES = 100;

/** Says whether the caller of a mount may read a repository. */
export type MayPull = (repository: string) => boolean | Promise<boolean>;

/** Blobs of one repository. */
export class RepositoryBlobs implements BlobStore {
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

  /** Links the blob from `from`, or from any repository that `mayPull` allows when `from` is undefined. */
  async mount(target: Pick<Descriptor, "digest">, from: string | undefined, options: CallOptions & { readonly mayPull?: MayPull } = {}): Promise<boolean> {
    const { metadata } = this.#context;
    const sources = from === undefined ? await metadata.listBlobRepositories(target.digest, { limit: MAX_MOUNT_SOURCES }) : [from];
    for (const source of sources) {
      if (options.mayPull !== undefined && !(await options.mayPull(source))) continue;
      const blob = await metadata.mountBlob({ repository: this.#repository, from: source, digest: target.digest });
      if (blob !== undefined) return true;
    }
    return false;
  }

  /** Takes the blob out of this repository. @throws {NotFoundError} @throws {UnsupportedError} when deletes are off. */
  async delete(target: Pick<Descriptor, "digest">): Promise<void> {
    if (!this.#context.deleteEnabled) throw new UnsupportedError("delete blob");
    if (!(await this.#context.metadata.unlinkBlob(this.#repository, target.digest))) unknown(target.digest);
  }
}

function unknown(digest: Digest): never {
  throw new NotFoundError("blob", digest);
}
