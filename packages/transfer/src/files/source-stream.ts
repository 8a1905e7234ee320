import { Readable } from "node:stream";
import { type ByteStream, type Descriptor, type FetchOptions, type ReplayableSource, SizeMismatchError, spanOf } from "@berth/oci";
import { verifyingStream } from "@berth/oci/node";
import { abortable } from "../archive/abortable.ts";

/**
 * Reads a source, or a part of it, as the content of a blob. All of it is checked against the digest while it is read.
 *
 * @throws {SizeMismatchError} @throws {RangeError} when the part cannot be. @throws {DigestMismatchError} while it is read.
 */
export function sourceStream(source: ReplayableSource, target: Descriptor, options: FetchOptions = {}): ByteStream {
  if (source.size !== target.size) throw new SizeMismatchError({ expected: target.size, actual: source.size });
  const { start, end } = spanOf(options, target.size);
  const content = abortable(source.open(start), options.signal);
  if (start === 0 && end === target.size) return verifyingStream(content, target);
  return Readable.from(first(content, end - start), { objectMode: false, highWaterMark: 262_144 });
}

async function* first(content: AsyncIterable<Uint8Array>, length: number): AsyncGenerator<Uint8Array> {
  let left = length;
  if (left === 0) return;
  for await (const chunk of content) {
    yield chunk.subarray(0, left);
    left -= Math.min(left, chunk.byteLength);
    if (left === 0) return;
  }
}
