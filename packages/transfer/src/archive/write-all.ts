import type { FileHandle } from "node:fs/promises";
import type { ByteSource } from "@berth/oci";

/** Bytes of one write: small chunks of a network are gathered, which halves the work. */
const GATHER = 1 << 20;

/** Writes content at a position of a file and returns how many bytes that were. `wrote` hears about every write that is done. */
export async function writeAll(
  file: FileHandle,
  position: number,
  content: ByteSource,
  signal?: AbortSignal,
  wrote?: (bytes: number) => void,
): Promise<number> {
  let at = position;
  let gathered: Uint8Array[] = [];
  let size = 0;
  const flush = async (): Promise<void> => {
    await writeFully(file, gathered, at);
    at += size;
    wrote?.(size);
    gathered = [];
    size = 0;
  };
  for await (const chunk of content) {
    signal?.throwIfAborted();
    gathered.push(chunk);
    size += chunk.byteLength;
    if (size >= GATHER) await flush();
  }
  if (size > 0) await flush();
  signal?.throwIfAborted();
  return at - position;
}

/** Writes chunks at a position, however many calls that takes: a write may take less than it was given. */
export async function writeFully(file: FileHandle, chunks: readonly Uint8Array[], position: number): Promise<void> {
  let at = position;
  let rest = chunks;
  while (rest.length > 0) {
    const { bytesWritten } = await file.writev(rest, at);
    at += bytesWritten;
    rest = after(rest, bytesWritten);
  }
}

function after(chunks: readonly Uint8Array[], bytes: number): readonly Uint8Array[] {
  let skip = bytes;
  let index = 0;
  for (; index < chunks.length; index++) {
    const length = chunks[index]?.byteLength ?? 0;
    if (skip < length) break;
    skip -= length;
  }
  const [first, ...others] = chunks.slice(index);
  return first === undefined ? [] : [first.subarray(skip), ...others];
}
