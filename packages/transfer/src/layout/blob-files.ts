import { type FileHandle, open, readdir, stat, unlink, utimes } from "node:fs/promises";
import {
  type ByteStream,
  type Descriptor,
  type Digest,
  DIGEST_ALGORITHMS,
  isDigest,
  isManifestMediaType,
  NotFoundError,
  SizeMismatchError,
  spanOf,
  type FetchOptions,
} from "@berth/oci";
import { blobStream } from "./blob-stream.ts";
import { errnoOf, ignoreMissing } from "./errno.ts";
import type { LayoutPaths } from "./layout-paths.ts";

/** A file of the `blobs` folder. */
export interface BlobFile {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  readonly modifiedAt: Date;
}

/** Options of fetches from a layout. */
export interface FetchContentOptions extends FetchOptions {
  /**
   * Whether the stream fails instead of ending when whole content has another digest; default true. Switch it off where the reader checks
   * by itself.
   */
  readonly verify?: boolean;
}

/** Milliseconds of age from which content that is pushed again, or found to be there already, counts as new: {@link BlobFiles.keep}. */
const REFRESH_MS = 900_000;

/** The content of a layout, as files. */
export class BlobFiles {
  readonly #paths: LayoutPaths;

  constructor(paths: LayoutPaths) {
    this.#paths = paths;
  }

  /** Looks a file up; undefined when there is none. */
  async find(digest: Digest): Promise<BlobFile | undefined> {
    try {
      const stats = await stat(this.#paths.blob(digest));
      return stats.isFile() ? { digest, size: stats.size, modifiedAt: stats.mtime } : undefined;
    } catch (error) {
      if (errnoOf(error) !== "ENOTDIR") ignoreMissing(error);
      return undefined;
    }
  }

  /** True when content is there whole. Of another size, it was cut short when the machine lost power: it is to be pushed again. */
  async has({ digest, size }: Descriptor): Promise<boolean> {
    return (await this.find(digest))?.size === size;
  }

  /** As {@link BlobFiles.has}, for those who count on the content from now on: a sweep, which goes by age, leaves it alone. */
  async keep({ digest, size }: Descriptor): Promise<boolean> {
    const found = await this.find(digest);
    if (found?.size !== size) return false;
    if (Date.now() - found.modifiedAt.getTime() < REFRESH_MS) return true;
    const now = new Date();
    return await utimes(this.#paths.blob(digest), now, now).then(
      () => true,
      (error: unknown) => errnoOf(error) !== "ENOENT", // that of another user cannot be touched, and is there all the same
    );
  }

  /** Opens content. @throws {NotFoundError} @throws {SizeMismatchError} when the file has another size than the descriptor. */
  async fetch(target: Descriptor, { signal, verify = true, ...part }: FetchContentOptions = {}): Promise<ByteStream> {
    signal?.throwIfAborted();
    const file = await this.#open(target);
    try {
      const { size } = await file.stat();
      if (size !== target.size) throw new SizeMismatchError({ expected: target.size, actual: size });
      const span = spanOf(part, size);
      const isWhole = span.start === 0 && span.end === size;
      return blobStream(file, target, span, { verify: verify && isWhole, ...(signal && { signal }) });
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Removes a file; false when there was none. */
  async remove(digest: Digest): Promise<boolean> {
    return await unlink(this.#paths.blob(digest)).then(
      () => true,
      (error: unknown) => ignoreMissing(error) ?? false,
    );
  }

  /** All files, in no order. What else lies there is left out. */
  async *list(): AsyncGenerator<BlobFile> {
    for (const algorithm of DIGEST_ALGORITHMS) {
      const names = await readdir(this.#paths.blobFolder(algorithm)).catch(ignoreMissing);
      for (const name of names ?? []) {
        const digest = `${algorithm}:${name}`;
        const found = isDigest(digest) ? await this.find(digest) : undefined;
        if (found !== undefined) yield found;
      }
    }
  }

  async #open({ digest, mediaType }: Descriptor): Promise<FileHandle> {
    try {
      return await open(this.#paths.blob(digest));
    } catch (error) {
      const code = errnoOf(error);
      if (code !== "ENOENT" && code !== "ENOTDIR") throw error;
      throw new NotFoundError(isManifestMediaType(mediaType) ? "manifest" : "blob", digest, { cause: error });
    }
  }
}
