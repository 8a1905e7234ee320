import type { FileHandle } from "node:fs/promises";
import { InvalidArchiveError } from "./errors.ts";

/** Bytes of one read. */
const CHUNK = 262_144;

/** Part of a file that stays open for others. @throws {InvalidArchiveError} when the file became shorter. */
export async function* readSpan(file: FileHandle, start: number, end: number, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  for (let at = start; at < end; ) {
    signal?.throwIfAborted();
    const chunk = Buffer.allocUnsafeSlow(Math.min(CHUNK, end - at));
    const { bytesRead } = await file.read(chunk, 0, chunk.byteLength, at);
    if (bytesRead === 0) throw new InvalidArchiveError("it became shorter while it was read");
    at += bytesRead;
    yield chunk.subarray(0, bytesRead);
  }
}
