import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { type ChunkWriter, createChunkWriter, writeWhole } from "./chunk-writer.ts";
import { pageMemory } from "./page-memory.ts";

/** Content from this size on goes past the system's memory: what is smaller is often read again at once, and is quick in any case. Bytes. */
const LARGE = 1 << 28;
/** Bytes written at once. The disk takes a GiB in pieces of 1 MiB in 1.7 s, in pieces of 4 MiB in 1.35 s. */
const PIECE = 1 << 22;
/** What the place and the size of a direct write are multiples of. Bytes. */
const BLOCK = 4096;
/** Pieces after which it shows whether the disk keeps up. */
const TRIAL = 8;
/** What says that this file system takes no such writes. */
const REFUSALS: ReadonlySet<unknown> = new Set(["EINVAL", "ENOTSUP", "EOPNOTSUPP"]);

/** Options of {@link openChunkWriter}. */
export interface OpenChunkWriterOptions {
  /** Bytes that are going to be written. */
  readonly size: number;
  /** Where the first chunk goes, in bytes; default 0. */
  readonly position?: number;
  /** The size from which on writes are direct, in bytes; default 256 MiB. */
  readonly directFrom?: number;
}

/**
 * Writes a file that is open, chunk after chunk. Large content goes to the disk as it comes, in large pieces made by another thread, instead of into the
 * system's memory first: that copy costs more than hashing does, and pushes out what others read. Where the disk or the file system
 * is not up to it, as {@link createChunkWriter} does.
 */
export async function openChunkWriter(
  file: FileHandle,
  { size, position = 0, directFrom = LARGE }: OpenChunkWriterOptions,
): Promise<ChunkWriter> {
  const memory = size >= directFrom ? pageMemory(2 * PIECE) : undefined;
  const direct = memory && (await openDirect(file));
  return memory === undefined || direct === undefined
    ? createChunkWriter(file, { position })
    : new DirectWriter(file, direct, { position, memory });
}

/** The same file once more; undefined where there is no such thing. */
async function openDirect(file: FileHandle): Promise<FileHandle | undefined> {
  if (process.platform !== "linux") return undefined;
  try {
    return await open(`/proc/self/fd/${file.fd}`, constants.O_WRONLY | constants.O_DIRECT);
  } catch {
    return undefined;
  }
}

/** What of a `FileHandle` is used for direct writes. */
export interface DirectFile {
  /** Writes `length` bytes from `offset` of the buffer at `position` of the file, or fewer. */
  write(buffer: Uint8Array, offset: number, length: number, position: number): Promise<{ readonly bytesWritten: number }>;
  /** Gives the descriptor back. */
  close(): Promise<void>;
}

/** Options of {@link DirectWriter}. */
export interface DirectWriterOptions {
  /** Where in the file the first byte goes. */
  readonly position: number;
  /** Half of it is written at once: a multiple of 4096 bytes, and at the beginning of a page. */
  readonly memory: Uint8Array;
  /** The disk may be waited for this part of the time; default 0.5. */
  readonly patience?: number;
}

/** One piece is written while the next one is filled, so that what is in the file has no holes whenever the process ends. */
export class DirectWriter implements ChunkWriter {
  readonly #file: FileHandle;
  readonly #direct: DirectFile;
  readonly #piece: number;
  readonly #patience: number;
  readonly #pieces: readonly [Uint8Array, Uint8Array];
  /** Pieces that were passed on. */
  #passed = 0;
  /** Where the piece that is being filled goes, and how much is in it. */
  #at: number;
  #fill = 0;
  #writing = Promise.resolve();
  readonly #began: number = performance.now();
  #waitedMs = 0;
  #isRefused = false;
  /** Who goes on, once direct writes turned out to be no gain. */
  #other: ChunkWriter | undefined;

  constructor(file: FileHandle, direct: DirectFile, options: DirectWriterOptions) {
    const { position, memory, patience = 0.5 } = options;
    this.#file = file;
    this.#direct = direct;
    this.#at = position;
    this.#piece = memory.byteLength / 2;
    this.#patience = patience;
    this.#pieces = [memory.subarray(0, this.#piece), memory.subarray(this.#piece)];
  }

  get position(): number {
    return this.#other?.position ?? this.#at + this.#fill;
  }

  async write(chunk: Uint8Array): Promise<void> {
    for (let taken = 0; taken < chunk.byteLength; ) {
      if (this.#other !== undefined) return await this.#other.write(chunk.subarray(taken));
      const room = this.#piece - (this.#at % BLOCK) - this.#fill; // the piece after this one begins with a block
      const part = chunk.subarray(taken, taken + room);
      this.#filling.set(part, this.#fill);
      this.#fill += part.byteLength;
      taken += part.byteLength;
      if (part.byteLength === room) await this.#pass();
    }
  }

  async finish(): Promise<void> {
    try {
      await this.#writing;
      await writeWhole(this.#file, this.#filling.subarray(0, this.#fill), this.#at);
      this.#at += this.#fill;
      this.#fill = 0;
      await this.#other?.finish();
    } finally {
      await this.#direct.close();
    }
  }

  get #filling(): Uint8Array {
    return this.#pieces[this.#passed % 2 === 0 ? 0 : 1];
  }

  /** Has the piece written that is full. */
  async #pass(): Promise<void> {
    const began = performance.now();
    await this.#writing;
    const now = performance.now();
    this.#waitedMs += now - began;
    this.#writing = this.#writePiece(this.#filling.subarray(0, this.#fill), this.#at);
    this.#writing.catch(() => undefined); // it is awaited before the next one, and at the end
    this.#at += this.#fill;
    this.#fill = 0;
    this.#passed++;
    const isSlow = this.#passed >= TRIAL && this.#waitedMs > (now - this.#began) * this.#patience;
    if (!isSlow && !this.#isRefused) return;
    await this.#writing;
    this.#other = createChunkWriter(this.#file, { position: this.#at });
  }

  async #writePiece(piece: Uint8Array, position: number): Promise<void> {
    if (position % BLOCK !== 0) return await writeWhole(this.#file, piece, position);
    let written = 0;
    try {
      written = (await this.#direct.write(piece, 0, piece.byteLength, position)).bytesWritten;
    } catch (error) {
      if (!(error instanceof Error && "code" in error && REFUSALS.has(error.code))) throw error;
      this.#isRefused = true;
    }
    if (written < piece.byteLength) await writeWhole(this.#file, piece.subarray(written), position + written);
  }
}
