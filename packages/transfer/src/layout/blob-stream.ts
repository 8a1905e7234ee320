import type { FileHandle } from "node:fs/promises";
import { Readable } from "node:stream";
import { type ByteSpan, type Descriptor, SizeMismatchError } from "@berth/oci";
import { createVerifier, type Verifier } from "@berth/oci/node";
import { asError } from "./as-error.ts";

/** Bytes of one read: large enough that calls cost little, small enough that the next one is read while this one is used. */
const CHUNK = 512 * 1024;

/** Options of {@link blobStream}. */
export interface BlobStreamOptions {
  readonly signal?: AbortSignal;
  /** Whether the digest is checked. */
  readonly verify: boolean;
}

/** Streams a part of a file, which it closes at the end. It fails instead of ending when the bytes are fewer, or of another digest. */
export function blobStream(file: FileHandle, target: Descriptor, span: ByteSpan, { signal, verify }: BlobStreamOptions): Readable {
  const verifier: Verifier | undefined = verify ? createVerifier(target) : undefined;
  let at = span.start;
  const readNext = async (): Promise<Uint8Array | null> => {
    if (at >= span.end) {
      verifier?.verify();
      return null;
    }
    const chunk = Buffer.allocUnsafeSlow(Math.min(CHUNK, span.end - at));
    const { bytesRead } = await file.read(chunk, 0, chunk.byteLength, at);
    if (bytesRead === 0) throw new SizeMismatchError({ expected: target.size, actual: at });
    at += bytesRead;
    const bytes = chunk.subarray(0, bytesRead);
    verifier?.update(bytes);
    return bytes;
  };
  const stream = new Readable({
    highWaterMark: 2 * CHUNK,
    read() {
      readNext().then(
        (chunk) => this.push(chunk),
        (error: Error) => this.destroy(error),
      );
    },
    destroy(error, callback) {
      signal?.removeEventListener("abort", abort);
      file.close().then(
        () => callback(error),
        (closeError: Error) => callback(error ?? closeError),
      );
    },
  });
  const abort = (): unknown => stream.destroy(asError(signal?.reason));
  signal?.addEventListener("abort", abort, { once: true });
  return stream;
}
