import type { ByteSource } from "./content.ts";

/** Bytes that can be read more than once: what is sent again after a retry, a challenge or a redirect. */
export interface ReplayableSource extends ByteSource {
  /** Bytes in all. */
  readonly size: number;
  /** Reads from `offset` (bytes, default 0) to the end. Every call starts anew; earlier reads need not be finished. */
  open(offset?: number): ByteSource;
  /**
   * {@link open} for readers that pass bytes on at once: the memory of a chunk is used again when the third one after it is asked for,
   * which saves a sender of large content much of its work. Absent where it would save nothing.
   */
  openPassing?(offset?: number): ByteSource;
}

/** True when the source can be read again. */
export function isReplayable(source: ByteSource): source is ReplayableSource {
  return "open" in source && typeof source.open === "function" && "size" in source && typeof source.size === "number";
}

/** Makes a source that can be read again from a way to open it. `size` and `offset` are bytes. */
export function replayableSource(size: number, open: (offset: number) => ByteSource): ReplayableSource {
  return {
    size,
    open: (offset = 0) => open(offset),
    [Symbol.asyncIterator]: () => open(0)[Symbol.asyncIterator](),
  };
}

/** Bytes in memory as a source; the bytes are not copied. A string is taken as UTF-8. */
export function bytesSource(bytes: Uint8Array | string): ReplayableSource {
  const whole = typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes;
  return replayableSource(whole.byteLength, (offset) => oneChunk(whole.subarray(offset)));
}

async function* oneChunk(chunk: Uint8Array): AsyncGenerator<Uint8Array> {
  if (chunk.byteLength > 0) yield chunk;
}
