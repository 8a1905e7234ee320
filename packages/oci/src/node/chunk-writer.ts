import { writeSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";

/** Milliseconds: longer than the system holds a writer up, now and then, for the disk to keep pace. */
const SLOW_MS = 250;

/**
 * Bytes written at once. For more of them the system looks for memory in one piece, and where it has to be made first that costs up to four times as much:
 * a GiB took 0.6 to 0.9 s of its time in writes of 32 KiB, now and then 2.7 in those of 64 KiB, and 1.9 to 3.7 in those of 1 MiB.
 */
const PIECE = 32_768;

/** Options of {@link createChunkWriter}. */
export interface ChunkWriterOptions {
  /** Where the first chunk goes, in bytes; default 0. */
  readonly position?: number;
  /** A write that took longer than that many milliseconds has the others made by another thread. Default 250. */
  readonly slowMs?: number;
}

/** Writes a file chunk after chunk. One call at a time. */
export interface ChunkWriter {
  /** Where the next chunk goes, in bytes. */
  readonly position: number;
  /** Adds a chunk; its memory must stay as it is until the next call resolves. Rejects with what this or the former write failed with. */
  write(chunk: Uint8Array): Promise<void>;
  /** Writes what is left, and waits for it. To be called also when no more chunks come because something failed: it lets go of what the writer holds. */
  finish(): Promise<void>;
}

/**
 * Writes at once while that is quick: a write into the system's memory costs half when the processor that got the bytes makes it. Once one
 * took long (the disk does not keep up, or is far away) another thread makes them, one at a time, while the next bytes come.
 */
export function createChunkWriter(file: FileHandle, { position = 0, slowMs = SLOW_MS }: ChunkWriterOptions = {}): ChunkWriter {
  let at = position;
  let isSlow = false;
  let writing = Promise.resolve();
  return {
    get position() {
      return at;
    },
    async write(chunk) {
      await writing;
      const start = at;
      at += chunk.byteLength;
      if (isSlow) {
        writing = writeWhole(file, chunk, start);
        writing.catch(() => undefined); // it is awaited before the next write, and at the end
        return;
      }
      const began = performance.now();
      for (let written = 0; written < chunk.byteLength; ) {
        written += writeSync(file.fd, chunk, written, Math.min(PIECE, chunk.byteLength - written), start + written);
      }
      isSlow = performance.now() - began > slowMs;
    },
    finish: async () => await writing,
  };
}

/** Writes a chunk at a position, however many calls that takes: a write may take less than it was given. */
export async function writeWhole(file: FileHandle, chunk: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < chunk.byteLength; ) {
    const { bytesWritten } = await file.write(chunk, written, chunk.byteLength - written, position + written);
    written += bytesWritten;
  }
}
