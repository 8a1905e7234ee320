import type { FileHandle } from "node:fs/promises";
import { type ByteSource, type CallOptions, isReplayable } from "@berth/oci";
import { createChunkWriter } from "@berth/oci/node";

/** Bytes of one write, where small chunks are gathered: that halves the work. */
const GATHER = 1 << 20;

/** Options of {@link writeAll}. */
export interface WriteAllOptions extends CallOptions {
  /** True when the memory of a chunk is used again: see `ReplayableSource.openPassing`. Nothing is gathered then. */
  readonly isPassing?: boolean;
  /** Hears about every write that is done. */
  readonly wrote?: (bytes: number) => void;
}

/** Writes content at a position of a file and returns how many bytes that were. */
export async function writeAll(
  file: FileHandle,
  position: number,
  content: ByteSource,
  { signal, isPassing = false, wrote }: WriteAllOptions = {},
): Promise<number> {
  const writer = isPassing ? passingWriter(file, position) : gatheringWriter(file, position);
  let at = position;
  const done = (end: number): void => {
    if (end > at) wrote?.(end - at);
    at = end;
  };
  for await (const chunk of content) {
    signal?.throwIfAborted();
    done(await writer.write(chunk));
  }
  done(await writer.finish());
  signal?.throwIfAborted();
  return at - position;
}

/** Both tell up to where is written. */
interface AllWriter {
  write(chunk: Uint8Array): Promise<number>;
  finish(): Promise<number>;
}

function passingWriter(file: FileHandle, position: number): AllWriter {
  const writer = createChunkWriter(file, { position });
  const finish = async (): Promise<number> => {
    await writer.finish();
    return writer.position;
  };
  return {
    async write(chunk) {
      await writer.write(chunk);
      return await finish();
    },
    finish,
  };
}

function gatheringWriter(file: FileHandle, position: number): AllWriter {
  let at = position;
  let gathered: Uint8Array[] = [];
  let size = 0;
  const finish = async (): Promise<number> => {
    await writeFully(file, gathered, at);
    at += size;
    gathered = [];
    size = 0;
    return at;
  };
  return {
    async write(chunk) {
      gathered.push(chunk);
      size += chunk.byteLength;
      return size >= GATHER ? await finish() : at;
    },
    finish,
  };
}

/** Content from `offset` on, in memory that is used again where it can be had so. What can be read once is read from where it is. */
export function openToWrite(content: ByteSource, offset = 0): { readonly source: ByteSource; readonly isPassing: boolean } {
  if (!isReplayable(content)) return { source: content, isPassing: false };
  const passing = content.openPassing?.(offset);
  return { source: passing ?? content.open(offset), isPassing: passing !== undefined };
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
