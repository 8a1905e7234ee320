import { Readable } from "node:stream";

/** Bytes in memory as a stream. */
export function bytesStream(bytes: Uint8Array): Readable {
  return Readable.from(bytes.byteLength === 0 ? [] : [bytes], { objectMode: false });
}
