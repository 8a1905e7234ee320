import { Readable } from "node:stream";
import { type Descriptor, digestAlgorithm, digestEncoded, type FetchOptions, NotFoundError, SizeMismatchError, spanOf } from "@berth/oci";
import { verifyingStream } from "@berth/oci/node";
import { printable } from "../image/errors.ts";
import { InvalidArchiveError } from "./errors.ts";
import type { TarFile } from "./tar-file.ts";
import type { TarEntry } from "./tar-index.ts";

/** Options of reading content of an archive. */
export interface FetchEntryOptions extends FetchOptions {
  /** Whether the stream fails instead of ending when content that is read whole has another digest; default true. */
  readonly verify?: boolean;
}

/** Reads the blobs of an OCI layout in an archive. */
export interface BlobReader {
  /** Whether the archive has an entry of that name; what it holds shows when it is read. */
  has(target: Pick<Descriptor, "digest">): boolean;
  /** @throws {NotFoundError} @throws {SizeMismatchError} @throws {InvalidArchiveError} when a link stands in its place. */
  open(target: Descriptor, options?: FetchEntryOptions): Readable;
}

/** The name of a blob in an OCI layout. */
export function blobName({ digest }: Pick<Descriptor, "digest">): string {
  return `blobs/${digestAlgorithm(digest)}/${digestEncoded(digest)}`;
}

/** Reads blobs where the layout has them. */
export function createBlobReader(tar: TarFile): BlobReader {
  return {
    has: (target) => tar.entries.has(blobName(target)),
    open(target, options = {}) {
      options.signal?.throwIfAborted();
      const entry = tar.entries.get(blobName(target));
      if (entry === undefined) throw new NotFoundError("blob", target.digest);
      if (entry.linksTo !== undefined) throw new InvalidArchiveError(`"${printable(entry.name)}" is a link`);
      return openEntry(tar, entry, target, options);
    },
  };
}

/** A file of an archive as content; read whole, its digest is checked on the way. */
export function openEntry(tar: TarFile, entry: TarEntry, target: Descriptor, options: FetchEntryOptions = {}): Readable {
  const { signal, verify = true } = options;
  signal?.throwIfAborted();
  const { start, end } = spanOf(options, target.size);
  if (entry.size !== target.size) throw new SizeMismatchError({ expected: target.size, actual: entry.size });
  const content = tar.read(entry, { start, end }, signal);
  const isWhole = start === 0 && end === target.size;
  return verify && isWhole ? verifyingStream(content, target) : Readable.from(content, { objectMode: false, highWaterMark: 262_144 });
}
