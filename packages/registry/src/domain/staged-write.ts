import { LimitExceededError, type ByteSource } from "@berth/oci";
import type { FileWriter } from "@berth/storage";
import type { RunningDigests } from "./running-digests.ts";

/** Bytes gathered before one write: half the CPU of one write a chunk. */
const BATCH_BYTES = 1 << 20;

/** Options of {@link writeStaged}. */
export interface StagedWriteOptions {
  /** Bytes that the file may grow to. */
  readonly maxBytes: number;
  /** Called after each batch with the bytes held by then; for checkpoints. */
  readonly onBatch?: (size: number) => Promise<void> | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Streams `content` into a writer and through the digests in one pass. Receives the next batch while the former is being written,
 * so at most two batches are held. When the source fails, what came before is still written, then the source's error is thrown.
 *
 * @throws {LimitExceededError} over `maxBytes`; the bytes up to there are kept.
 */
export async function writeStaged(writer: FileWriter, digests: RunningDigests | undefined, content: ByteSource, options: StagedWriteOptions): Promise<void> {
  let batch: Uint8Array[] = [];
  let batchSize = 0;
  let total = writer.size;
  let writing: Promise<void> | undefined;

  const flush = async (): Promise<void> => {
    await writing;
    if (batchSize === 0) return;
    writing = write(batch, total);
    writing.catch(() => undefined); // seen by the await above or below; this one keeps it from counting as unhandled
    batch = [];
    batchSize = 0;
  };
  const write = async (chunks: readonly Uint8Array[], size: number): Promise<void> => {
    await writer.write(chunks);
    await options.onBatch?.(size);
  };

  try {
    for await (const chunk of content) {
      options.signal?.throwIfAborted();
      if (total + chunk.byteLength > options.maxBytes) throw new LimitExceededError({ what: "blob", limit: options.maxBytes });
      total += chunk.byteLength;
      digests?.update(chunk);
      batch.push(chunk);
      batchSize += chunk.byteLength;
      if (batchSize >= BATCH_BYTES) await flush();
    }
  } finally {
    await flush();
    await writing;
  }
}
