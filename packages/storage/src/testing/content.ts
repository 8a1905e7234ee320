import { createHash } from "node:crypto";
import type { Readable } from "node:stream";

/** Bytes without a pattern, the same for the same seed. */
export function bytesOf(length: number, seed = 1): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  let state = (seed * 2_654_435_761) >>> 0 || 1;
  for (let index = 0; index < length; index += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[index] = state & 0xff;
  }
  return bytes;
}

/** Reads a stream to its end. */
export async function collect(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** sha256 of a stream, hex, and how long it was. */
export async function hashOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash("sha256");
  let size = 0;
  for await (const chunk of chunks) {
    hash.update(chunk);
    size += chunk.byteLength;
  }
  return `${size}:${hash.digest("hex")}`;
}

/** `total` bytes in chunks of 1 MiB, each unlike the last. Chunks are reused: use one before asking for the next. */
export async function* longStream(total: number): AsyncGenerator<Buffer> {
  const block = bytesOf(1024 * 1024);
  for (let done = 0, count = 0; done < total; done += block.byteLength, count += 1) {
    block.writeUInt32LE(count);
    yield block.subarray(0, Math.min(block.byteLength, total - done));
  }
}
