import { Readable } from "node:stream";
import type { ByteSource } from "@berth/oci";

/** Reads a source from its start to its end, in portions of a size that the reader chooses. Bytes are not copied. */
export class ContentReader {
  readonly #source: ByteSource;
  #iterator: AsyncIterator<Uint8Array> | undefined;
  #rest: Uint8Array | undefined;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  /** The next `length` bytes; fewer when the source ends. */
  async take(length: number): Promise<readonly Uint8Array[]> {
    const pieces: Uint8Array[] = [];
    for (let missing = length; missing > 0; ) {
      const chunk = await this.next();
      if (chunk === undefined) break;
      pieces.push(chunk.subarray(0, missing));
      this.unread(chunk.subarray(missing));
      missing -= Math.min(missing, chunk.byteLength);
    }
    return pieces;
  }

  /** The next bytes as the source gives them, never none; undefined at its end. */
  async next(): Promise<Uint8Array | undefined> {
    const rest = this.#rest;
    this.#rest = undefined;
    if (rest !== undefined) return rest;
    this.#iterator ??= this.#source[Symbol.asyncIterator]();
    for (;;) {
      const next = await this.#iterator.next();
      if (next.done) return undefined;
      if (next.value.byteLength > 0) return next.value;
    }
  }

  /** Gives back bytes that came last: they come again. */
  unread(bytes: Uint8Array): void {
    if (bytes.byteLength > 0) this.#rest = bytes;
  }

  /** Lets the source go. */
  async close(): Promise<void> {
    await closeSource(this.#source, this.#iterator);
  }
}

/** Ends a source that nobody will read on. Never fails. */
export async function closeSource(source: ByteSource, iterator: AsyncIterator<Uint8Array> | undefined): Promise<void> {
  try {
    if (source instanceof Readable)
      source.destroy(); // at once, even while a read of it waits
    else await (iterator ?? source[Symbol.asyncIterator]()).return?.();
  } catch {
    // what it says at its end matters to nobody
  }
}
