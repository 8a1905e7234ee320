import type { FileHandle } from "node:fs/promises";
import type { ByteSource, ByteStream } from "@berth/oci";
import { type ChunkWriter, createChunkWriter, type Verifier } from "@berth/oci/node";
import { isStream } from "../memory/discard-source.ts";
import { asError } from "./as-error.ts";
import { writeFully } from "../archive/write-all.ts";

/** Bytes of one write, where small chunks are gathered: that halves the work. */
const GATHER = 1 << 20;

/** Options of {@link writeThrough}. */
export interface WriteThroughOptions {
  readonly signal?: AbortSignal | undefined;
  /** True when the source uses the memory of a chunk again: nothing may be gathered then. */
  readonly isPassing: boolean;
}

/**
 * Writes content to a file from `position` on, hashed as it passes. When the source fails, what came before is written all the same, for a
 * later push to go on from.
 */
export async function writeThrough(
  file: FileHandle,
  position: number,
  content: ByteSource,
  verifier: Verifier,
  { signal, isPassing }: WriteThroughOptions,
): Promise<void> {
  const source = signal !== undefined && isStream(content) ? untilAborted(content, signal) : content;
  const writer = isPassing ? createChunkWriter(file, { position }) : gatheringWriter(file, position);
  try {
    for await (const chunk of source) {
      signal?.throwIfAborted();
      verifier.update(chunk);
      await writer.write(chunk);
    }
    signal?.throwIfAborted();
  } catch (error) {
    await writer.finish().catch(() => undefined); // the first error is the one to be told
    throw error;
  }
  await writer.finish();
}

/** Small chunks of a network are gathered; one write is under way while the next bytes come. */
function gatheringWriter(file: FileHandle, position: number): Pick<ChunkWriter, "write" | "finish"> {
  let at = position;
  let gathered: Uint8Array[] = [];
  let size = 0;
  let writing = Promise.resolve();
  const write = async (): Promise<void> => {
    await writing;
    writing = writeFully(file, gathered, at);
    writing.catch(() => undefined); // it is awaited before the next write, and at the end
    at += size;
    gathered = [];
    size = 0;
  };
  return {
    async write(chunk) {
      gathered.push(chunk);
      size += chunk.byteLength;
      if (size >= GATHER) await write();
    },
    async finish() {
      await write();
      await writing;
    },
  };
}

/** A stream that waits for bytes is not woken by an abort unless somebody destroys it. */
async function* untilAborted(stream: ByteStream, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const abort = (): unknown => stream.destroy(asError(signal.reason));
  signal.addEventListener("abort", abort, { once: true });
  try {
    yield* stream;
  } catch (error) {
    signal.throwIfAborted(); // a reason that is no error was wrapped
    throw error;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
