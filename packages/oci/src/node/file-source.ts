import { createReadStream } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { UnsupportedError } from "../errors.ts";
import { type ReplayableSource, replayableSource } from "../replayable.ts";

/** Bytes of a chunk, and how many there are, for readers that pass them on: {@link ReplayableSource.openPassing}. */
const PASSING_CHUNK = 1_048_576;
const PASSING_CHUNKS = 4;

/**
 * A file as content that can be read again. Its size is looked up once: a file that grows later is read up to that size.
 *
 * @throws {UnsupportedError} for a pipe or a socket: it has no size, and would be taken for empty.
 * @throws the error of the file system when there is no such file.
 */
export async function fileSource(path: string): Promise<ReplayableSource> {
  const found = await stat(path);
  if (found.isFIFO() || found.isSocket()) throw new UnsupportedError(`read "${path}" again: it is a pipe`);
  const { size } = found;
  const source = replayableSource(size, (start) =>
    start >= size ? nothing() : createReadStream(path, { start, end: size - 1, highWaterMark: 262_144 }),
  );
  return { ...source, openPassing: (start = 0) => passing(path, start, size) };
}

/**
 * Reads a file from `start` up to `end` (excluded) into the same few buffers over and over: fresh memory for each chunk costs more than
 * reading and hashing it. A chunk's memory is used again once the third one after it is asked for. Ends early where the file does.
 */
export async function* readPassing(file: FileHandle, start: number, end: number): AsyncGenerator<Uint8Array, void> {
  const buffers: Uint8Array[] = [];
  for (let at = start, turn = 0; at < end; turn = (turn + 1) % PASSING_CHUNKS) {
    const buffer = buffers[turn] ?? Buffer.allocUnsafeSlow(Math.min(PASSING_CHUNK, end - at));
    buffers[turn] = buffer;
    const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.byteLength, end - at), at);
    if (bytesRead === 0) return; // it was cut short: who counts will notice
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

async function* passing(path: string, start: number, end: number): AsyncGenerator<Uint8Array> {
  await using file = await open(path);
  yield* readPassing(file, start, end);
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
