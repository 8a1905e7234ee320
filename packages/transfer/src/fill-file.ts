import type { FileHandle } from "node:fs/promises";
import { type ByteSource, type Descriptor, DigestMismatchError, isReplayable, SizeMismatchError } from "@berth/oci";
import { createVerifier, type Verifier } from "@berth/oci/node";
import { abortable } from "./archive/abortable.ts";
import { openToWrite, writeAll } from "./archive/write-all.ts";

/** Bytes that are read back at a time. */
const PIECE = 1 << 20;

/**
 * Brings a file to what is expected, from what it holds already where the content can be opened there. Its length is the offset; the
 * digest tells in the end whether the parts fit together, and when they do not all of it comes anew.
 *
 * @throws {DigestMismatchError} @throws {SizeMismatchError}
 */
export async function fillFile(
  file: FileHandle,
  expected: Descriptor,
  content: ByteSource,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { size } = await file.stat();
  if (size > 0 && size <= expected.size && isReplayable(content)) {
    try {
      return await fillFrom(file, size, expected, content, signal);
    } catch (error) {
      if (!isWrongContent(error)) throw error; // else: what was there, or what came after it, is of something else
    }
  }
  if (size > 0) await file.truncate(0);
  await fillFrom(file, 0, expected, content, signal);
}

/** True when the bytes are of something else, and no more of them would make them right. */
export function isWrongContent(error: unknown): boolean {
  return error instanceof DigestMismatchError || (error instanceof SizeMismatchError && error.actual > error.expected);
}

async function fillFrom(
  file: FileHandle,
  offset: number,
  expected: Descriptor,
  content: ByteSource,
  signal: AbortSignal | undefined,
): Promise<void> {
  const verifier = createVerifier(expected);
  await readInto(verifier, file, offset, signal);
  if (offset < expected.size) {
    const { source, isPassing } = openToWrite(content, offset);
    await writeAll(file, offset, hashed(abortable(source, signal), verifier), {
      isPassing,
      size: expected.size - offset,
      ...(signal && { signal }),
    });
  }
  verifier.verify();
}

async function* hashed(content: ByteSource, verifier: Verifier): AsyncGenerator<Uint8Array> {
  for await (const chunk of content) {
    verifier.update(chunk);
    yield chunk;
  }
}

/** Hashes what a file holds up to `end`. */
async function readInto(verifier: Verifier, file: FileHandle, end: number, signal: AbortSignal | undefined): Promise<void> {
  const buffer = Buffer.allocUnsafeSlow(Math.min(end, PIECE));
  for (let at = 0; at < end; ) {
    signal?.throwIfAborted();
    const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.byteLength, end - at), at);
    if (bytesRead === 0) throw new SizeMismatchError({ expected: end, actual: at });
    verifier.update(buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
}
