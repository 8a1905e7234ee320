import type { Readable } from "node:stream";
import type { Digest, FetchOptions } from "@berth/oci";
import { DriverError, type OpenFile, PathNotFoundError, type StorageDriver } from "@berth/storage";
import { LRUCache } from "lru-cache";
import type { BlobRecord } from "../metadata/records.ts";
import { blobPath } from "./layout.ts";

/** Blobs up to this size are kept in memory once read: their cost is the open, not the bytes. */
const CACHED_BLOB_BYTES = 64 * 1024;

/** A blob ready to be read; exactly one of `bytes` and `file` is there when the driver allows it. */
export interface OpenBlob {
  /** The whole content, for small blobs. */
  readonly bytes?: Uint8Array;
  /** For reads at any place; the caller closes it. */
  readonly file?: OpenFile;
  /** Opens the content in order. */
  stream(options?: FetchOptions): Promise<Readable>;
}

/** Bytes of blobs in the storage driver, by storage key. Content never changes under its digest, so the cache needs no invalidation. */
export class BlobContent {
  readonly driver: StorageDriver;
  readonly #cache: LRUCache<string, Buffer>;

  constructor(driver: StorageDriver, options: { readonly cacheBytes: number }) {
    this.driver = driver;
    this.#cache = new LRUCache({
      maxSize: Math.max(1, options.cacheBytes),
      maxEntrySize: CACHED_BLOB_BYTES,
      sizeCalculation: (bytes) => Math.max(1, bytes.byteLength),
    });
  }

  /**
   * Opens a blob for reading.
   *
   * @throws {DriverError} when the bytes are missing or of another size than recorded: that is damage, and silence would hide it.
   */
  async open(blob: BlobRecord): Promise<OpenBlob> {
    const stream = (range?: FetchOptions): Promise<Readable> => this.driver.reader(blob.storageKey, { ...range });
    if (blob.size <= CACHED_BLOB_BYTES) {
      const bytes = this.#cache.get(blob.storageKey) ?? (await this.#load(blob));
      return { bytes, stream };
    }
    const file = await this.driver.open?.(blob.storageKey);
    if (file === undefined) return { stream };
    if (file.size !== blob.size) {
      await file.close();
      throw this.#damaged(blob, file.size);
    }
    return { file, stream };
  }

  /** Puts staged bytes at the blob's own path as well; durable when it resolves. */
  async publish(staged: string, canonical: Digest, generation: number): Promise<string> {
    const storageKey = blobPath(canonical, generation);
    await this.driver.copy(staged, storageKey);
    return storageKey;
  }

  /** Removes bytes that may be gone already. */
  async discard(path: string): Promise<void> {
    try {
      await this.driver.delete(path);
    } catch (error) {
      if (!(error instanceof PathNotFoundError)) throw error;
    }
  }

  async #load(blob: BlobRecord): Promise<Buffer> {
    const bytes = await this.driver.getContent(blob.storageKey);
    if (bytes.byteLength !== blob.size) throw this.#damaged(blob, bytes.byteLength);
    this.#cache.set(blob.storageKey, bytes);
    return bytes;
  }

  #damaged(blob: BlobRecord, actual: number): DriverError {
    return new DriverError(`Stored bytes are damaged: ${actual} bytes, recorded ${blob.size}`, {
      driver: this.driver.name,
      path: blob.storageKey,
    });
  }
}
