import type { ByteSource } from "@berth/oci";
import { InvalidLayerError } from "./errors.ts";

/** Reads exact numbers of bytes from content that comes in chunks of any size. Close it. */
export class ByteReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #chunk: Uint8Array = new Uint8Array();

  constructor(content: ByteSource) {
    this.#chunks = content[Symbol.asyncIterator]();
  }

  /** The next bytes, as many as there are at hand but at most `max`; undefined at the end. The memory is not copied. */
  async some(max: number): Promise<Uint8Array | undefined> {
    while (this.#chunk.byteLength === 0) {
      const next = await this.#chunks.next();
      if (next.done === true) return undefined;
      this.#chunk = next.value;
    }
    const part = this.#chunk.subarray(0, max);
    this.#chunk = this.#chunk.subarray(part.byteLength);
    return part;
  }

  /** The next bytes, copied; undefined at the end. @param why of the error. @throws {InvalidLayerError} when there are some, but too few. */
  async exactly(size: number, why?: string): Promise<Buffer | undefined> {
    const whole = Buffer.allocUnsafe(size);
    for (let at = 0; at < size; ) {
      const part = await this.some(size - at);
      if (part === undefined && at === 0) return undefined;
      if (part === undefined) throw cutShort(why);
      whole.set(part, at);
      at += part.byteLength;
    }
    return whole;
  }

  /** Reads over bytes. @throws {InvalidLayerError} when there are too few. */
  async skip(size: number): Promise<void> {
    for (let left = size; left > 0; ) {
      const part = await this.some(left);
      if (part === undefined) throw cutShort();
      left -= part.byteLength;
    }
  }

  /** Reads over bytes, or fewer at the end. */
  async skipUpTo(size: number): Promise<void> {
    for (let left = size; left > 0; ) {
      const part = await this.some(left);
      if (part === undefined) return;
      left -= part.byteLength;
    }
  }

  /** Reads over everything that is left: content is checked at its end. */
  async drain(): Promise<void> {
    while ((await this.some(Number.MAX_SAFE_INTEGER)) !== undefined);
  }

  /** Ends the content, read or not. */
  async close(): Promise<void> {
    await this.#chunks.return?.();
  }
}

/** The error for an archive that ends too early. */
export function cutShort(why: string = "its archive is cut short"): InvalidLayerError {
  return new InvalidLayerError(why);
}
