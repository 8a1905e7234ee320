import { Readable } from "node:stream";
import type { Fetcher, Descriptor } from "@berth/oci";
import { mergedEntries, type MergedEntriesOptions } from "./merged-entries.ts";
import { readImage, type ReadImageOptions } from "./read-image.ts";
import { encodeEntry, TAR_END } from "./tar-encode.ts";
import type { TarEntryWithContent } from "./tar-entry.ts";
import { padding } from "./tar-reader.ts";

/** Options of {@link flatten}. */
export interface FlattenOptions extends ReadImageOptions, MergedEntriesOptions {}

/**
 * The file system of an image as one tar archive: what a container of it would see, without whiteouts. The same image always gives the same
 * bytes: the entries of the top layer come first, each layer's in its own order. Owners, modes, times and PAX records are kept.
 *
 * Layers are checked while they are read: an archive that was read to its end is that of the image.
 *
 * @throws {PlatformNotFoundError} @throws {RootfsMismatchError} @throws {UnsupportedError} for what has no layers of files; and while reading
 * whatever `mergedEntries` throws.
 */
export async function flatten(source: Fetcher, descriptor: Descriptor, options: FlattenOptions = {}): Promise<Readable> {
  const { limits, ...readOptions } = options;
  const { signal } = options;
  const image = await readImage(source, descriptor, readOptions);
  const entries = mergedEntries(source, image.layers, { ...(limits && { limits }), ...(signal && { signal }) });
  return Readable.from(gathered(encodeEntries(entries)), { objectMode: false, highWaterMark: 262_144 });
}

/** Writes entries as an archive. */
export async function* encodeEntries(entries: AsyncIterable<TarEntryWithContent>): AsyncGenerator<Uint8Array> {
  for await (const { entry, content } of entries) {
    yield encodeEntry(entry);
    if (entry.size === 0) continue;
    yield* content;
    const fill = padding(entry.size);
    if (fill > 0) yield Buffer.alloc(fill);
  }
  yield TAR_END;
}

/** Chunks that are passed on at once: an archive of small files is made of headers of 512 bytes. */
const GATHERED = 131_072;

async function* gathered(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let batch: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    batch.push(chunk);
    size += chunk.byteLength;
    if (size < GATHERED) continue;
    yield batch.length === 1 ? chunk : Buffer.concat(batch, size);
    batch = [];
    size = 0;
  }
  if (size > 0) yield Buffer.concat(batch, size);
}
