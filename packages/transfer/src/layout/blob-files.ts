import { constants, statSync } from "node:fs";
import { type FileHandle, open, readdir, unlink, utimes } from "node:fs/promises";
import {
  type ByteSpan,
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
import { createVerifier, readPassing } from "@berth/oci/node";
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

/** What somebody put in the place of content may be a pipe, which would not open before somebody writes into it. */
const AT_ONCE = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** Milliseconds of age from which content that is pushed again, or found to be there already, counts as new: {@link BlobFiles.keep}. */
const REFRESH_MS = 900_000;

/** The content of a layout, as files. */
export class BlobFiles {
  readonly #paths: LayoutPaths;

  constructor(paths: LayoutPaths) {
    this.#paths = paths;
  }

  /** Looks a file up; undefined when there is none. At once: that takes less time than a thread takes to be asked for it. */
  find(digest: Digest): BlobFile | undefined {
    const stats = statSync(this.#paths.blob(digest), { throwIfNoEntry: false });
    return stats?.isFile() ? { digest, size: stats.size, modifiedAt: stats.mtime } : undefined;
  }

  /** True when content is there whole. Of another size, it was cut short when the machine lost power: it is to be pushed again. */
  has({ digest, size }: Descriptor): boolean {
    return this.find(digest)?.size === size;
  }

  /** As {@link BlobFiles.has}, for those who count on the content from now on: a sweep, which goes by age, leaves it alone. */
  async keep({ digest, size }: Descriptor): Promise<boolean> {
    const found = this.find(digest);
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
      const { span, isWhole } = await partOf(file, target, part);
      return blobStream(file, target, span, { verify: verify && isWhole, ...(signal && { signal }) });
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** As {@link BlobFiles.fetch}, in memory that is used again. */
  async *fetchPassing(target: Descriptor, { signal, verify = true, ...part }: FetchContentOptions = {}): AsyncGenerator<Uint8Array> {
    signal?.throwIfAborted();
    await using file = await this.#open(target);
    const { span, isWhole } = await partOf(file, target, part);
    const verifier = verify && isWhole ? createVerifier(target) : undefined;
    let at = span.start;
    for await (const chunk of readPassing(file, span.start, span.end)) {
      signal?.throwIfAborted();
      verifier?.update(chunk);
      at += chunk.byteLength;
      yield chunk;
    }
    if (at < span.end) throw new SizeMismatchError({ expected: target.size, actual: at });
    verifier?.verify();
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
        const found = isDigest(digest) ? this.find(digest) : undefined;
        if (found !== undefined) yield found;
      }
    }
  }

  async #open({ digest, mediaType }: Descriptor): Promise<FileHandle> {
    try {
      return await open(this.#paths.blob(digest), AT_ONCE);
    } catch (error) {
      const code = errnoOf(error);
      if (code !== "ENOENT" && code !== "ENOTDIR") throw error;
      throw new NotFoundError(isManifestMediaType(mediaType) ? "manifest" : "blob", digest, { cause: error });
    }
  }
}

interface Part {
  readonly span: ByteSpan;
  readonly isWhole: boolean;
}

async function partOf(file: FileHandle, target: Descriptor, options: FetchOptions): Promise<Part> {
  const stats = await file.stat();
  if (!stats.isFile()) throw new NotFoundError("blob", target.digest);
  const { size } = stats;
  if (size !== target.size) throw new SizeMismatchError({ expected: target.size, actual: size });
  const span = spanOf(options, size);
  return { span, isWhole: span.start === 0 && span.end === size };
}
