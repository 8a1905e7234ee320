import { type FileHandle, open } from "node:fs/promises";
import { type ByteSource, type ByteSpan, type CallOptions, LimitExceededError } from "@berth/oci";
import { InvalidLayerError, printable } from "../image/errors.ts";
import { checkRatio } from "../image/layer-limits.ts";
import { decompress, MAGIC_LENGTH, sniffCompression } from "../image/layer-compression.ts";
import { ArchiveClosedError, InvalidArchiveError } from "./errors.ts";
import { type ArchiveLimits, limitsOf } from "./limits.ts";
import { readSpan } from "./read-span.ts";
import { createSpool } from "./spool.ts";
import { indexTar, type TarEntry } from "./tar-index.ts";

/** Options of everything that opens an archive. */
export interface OpenArchiveOptions extends CallOptions, ArchiveLimits {
  /** Where a stream, or an archive that is compressed, is unpacked to; default the system's folder for temporary files. */
  readonly temporaryFolder?: string;
}

/** An archive whose entries can be read at random. */
export interface TarFile {
  readonly entries: ReadonlyMap<string, TarEntry>;
  readonly limits: Required<ArchiveLimits>;
  /** The bytes of a file; those of `span`, or all. */
  read(entry: TarEntry, span?: ByteSpan, signal?: AbortSignal): AsyncGenerator<Uint8Array>;
  /** A small file whole. @throws {LimitExceededError} when it is over `maxMetadataBytes`. */
  readWhole(entry: TarEntry, signal?: AbortSignal): Promise<Buffer>;
  /** Lets go of the file; closing again does nothing. */
  close(): Promise<void>;
}

/**
 * Opens a tar archive: a file on disk is read where it lies, a stream and a compressed archive by way of a temporary file.
 *
 * @throws {InvalidArchiveError} @throws {LimitExceededError} @throws the error of the file system when there is no such file.
 */
export async function openTarFile(from: string | ByteSource, options: OpenArchiveOptions = {}): Promise<TarFile> {
  const limits = limitsOf(options);
  const { file, size } = await (typeof from === "string" ? openPath(from, limits, options) : spoolStream(from, limits, options));
  try {
    return new IndexedTar(file, await indexTar(file, size, limits, options.signal), limits);
  } catch (error) {
    await file.close();
    throw error;
  }
}

interface OpenFile {
  readonly file: FileHandle;
  /** Bytes. */
  readonly size: number;
}

async function openPath(path: string, limits: Required<ArchiveLimits>, options: OpenArchiveOptions): Promise<OpenFile> {
  const file = await open(path);
  try {
    const stats = await file.stat();
    if (stats.isDirectory()) throw new InvalidArchiveError("it is a folder");
    if (!stats.isFile()) return await spoolStream(readStream(file), limits, options); // a pipe with a name
    const { size } = stats;
    const start = Buffer.alloc(MAGIC_LENGTH);
    await file.read(start, 0, start.byteLength, 0);
    if (sniffCompression(start) === "none") return { file, size };
    const spooled = await spoolStream(readSpan(file, 0, size, options.signal), limits, options);
    await file.close();
    return spooled;
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function spoolStream(content: ByteSource, limits: Required<ArchiveLimits>, options: OpenArchiveOptions): Promise<OpenFile> {
  const { signal, temporaryFolder } = options;
  return await createSpool(unpacked(content, limits), {
    maxBytes: limits.maxSpoolBytes,
    ...(signal && { signal }),
    ...(temporaryFolder !== undefined && { temporaryFolder }),
  });
}

/** Looks at the first bytes before it decides. */
async function* unpacked(content: ByteSource, { maxRatio, ratioFloor }: Required<ArchiveLimits>): AsyncGenerator<Uint8Array> {
  const chunks = content[Symbol.asyncIterator]();
  const bytes = { compressed: 0, uncompressed: 0 };
  try {
    let start: Uint8Array = new Uint8Array();
    while (start.byteLength < MAGIC_LENGTH) {
      const next = await chunks.next();
      if (next.done === true) break;
      start = start.byteLength === 0 ? next.value : Buffer.concat([start, next.value]);
    }
    const compression = sniffCompression(start);
    for await (const chunk of decompress(counted(continued(start, chunks), bytes), compression)) {
      bytes.uncompressed += chunk.byteLength;
      checkRatio("archive", bytes, maxRatio, ratioFloor);
      yield chunk;
    }
  } catch (error) {
    if (!(error instanceof InvalidLayerError)) throw error;
    throw new InvalidArchiveError("its compression is damaged", { cause: error });
  } finally {
    await chunks.return?.();
  }
}

async function* counted(content: ByteSource, bytes: { compressed: number }): AsyncGenerator<Uint8Array> {
  for await (const chunk of content) {
    bytes.compressed += chunk.byteLength;
    yield chunk;
  }
}

async function* continued(start: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (start.byteLength > 0) yield start;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}

/** A pipe has no positions. */
async function* readStream(file: FileHandle): AsyncGenerator<Uint8Array> {
  const chunks: AsyncIterable<Uint8Array> = file.createReadStream({ highWaterMark: 262_144 });
  for await (const chunk of chunks) yield chunk;
}

class IndexedTar implements TarFile {
  readonly entries: ReadonlyMap<string, TarEntry>;
  readonly limits: Required<ArchiveLimits>;
  readonly #file: FileHandle;
  #closed = false;

  constructor(file: FileHandle, entries: ReadonlyMap<string, TarEntry>, limits: Required<ArchiveLimits>) {
    this.#file = file;
    this.entries = entries;
    this.limits = limits;
  }

  async *read(entry: TarEntry, span?: ByteSpan, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    if (this.#closed) throw new ArchiveClosedError();
    const { start, end } = span ?? { start: 0, end: entry.size };
    yield* readSpan(this.#file, entry.offset + start, entry.offset + Math.min(end, entry.size), signal);
  }

  async readWhole(entry: TarEntry, signal?: AbortSignal): Promise<Buffer> {
    const limit = this.limits.maxMetadataBytes;
    if (entry.size > limit) throw new LimitExceededError({ what: `"${printable(entry.name)}" of ${entry.size} bytes`, limit });
    return Buffer.concat(await Array.fromAsync(this.read(entry, undefined, signal)));
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#file.close();
  }
}
