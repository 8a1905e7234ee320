import type { FileHandle } from "node:fs/promises";
import { type ByteSource, type CallOptions, isReplayable } from "@berth/oci";
import { type ChunkWriter, openChunkWriter } from "@berth/oci/node";

/** Bytes of one write, where small chunks are gathered: that halves the work. */
const GATHER = 1 << 20;

/** Options of {@link writeAll}. */
export interface WriteAllOptions extends CallOptions {
  /** True when the memory of a chunk is used again: see `ReplayableSource.openPassing`. Nothing is gathered then. */
  readonly isPassing?: boolean;
  /** How many bytes there are going to be, where that is known: large content that is passing goes past the system's memory. */
  readonly size?: number;
  /** Hears about every write that is done. */
  readonly wrote?: (bytes: number) => void;
}

/**
 * Writes content at a position of a file and returns how many bytes that were; one write is under way while the next bytes come. When the
 * source fails, what came before is written all the same, for a later try to go on from.
 */
export async function writeAll(
  file: FileHandle,
  position: number,
  content: ByteSource,
  { signal, isPassing = false, size: expected = 0, wrote = () => undefined }: WriteAllOptions = {},
): Promise<number> {
  const writer = isPassing ? await passingWriter(file, position, expected, wrote) : gatheringWriter(file, position, wrote);
  let size = 0;
  try {
    for await (const chunk of content) {
      signal?.throwIfAborted();
      await writer.write(chunk);
      size += chunk.byteLength;
    }
    signal?.throwIfAborted();
  } catch (error) {
    await writer.finish().catch(() => undefined); // the first error is the one to be told
    throw error;
  }
  await writer.finish();
  return size;
}

type AllWriter = Pick<ChunkWriter, "write" | "finish">;

async function passingWriter(file: FileHandle, position: number, size: number, wrote: (bytes: number) => void): Promise<AllWriter> {
  const writer = await openChunkWriter(file, { size, position });
  let told = position;
  const tell = (end: number): void => {
    if (end > told) wrote(end - told);
    told = end;
  };
  return {
    async write(chunk) {
      const before = writer.position;
      await writer.write(chunk);
      tell(before); // this one may still be under way
    },
    async finish() {
      await writer.finish();
      tell(writer.position);
    },
  };
}

function gatheringWriter(file: FileHandle, position: number, wrote: (bytes: number) => void): AllWriter {
  let at = position;
  let gathered: Uint8Array[] = [];
  let size = 0;
  let writing = Promise.resolve();
  const start = async (): Promise<void> => {
    await writing;
    const bytes = size;
    writing = writeFully(file, gathered, at).then(() => {
      if (bytes > 0) wrote(bytes);
    });
    writing.catch(() => undefined); // it is awaited before the next write, and at the end
    at += bytes;
    gathered = [];
    size = 0;
  };
  return {
    async write(chunk) {
      gathered.push(chunk);
      size += chunk.byteLength;
      if (size >= GATHER) await start();
    },
    async finish() {
      await start();
      await writing;
    },
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
