import { LimitExceededError, type ByteSource } from "@berth/oci";
import type { FileWriter } from "@berth/storage";
import type { RunningDigests } from "./running-digests.ts";

/** Options of {@link writeStaged}. */
export interface StagedWriteOptions {
  /** Bytes that the file may grow to. */
  readonly maxBytes: number;
  /** Called after each chunk; for checkpoints. */
  readonly onChunk?: () => Promise<void> | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Streams `content` into a writer and through the digests in one pass. A chunk is done with when the next one is asked for. When the
 * source fails, what came before is written already, and the source's error is thrown.
 *
 * @throws {LimitExceededError} over `maxBytes`; the bytes up to there are kept.
 */
export async function writeStaged(
  writer: FileWriter,
  digests: RunningDigests | undefined,
  content: ByteSource,
  options: StagedWriteOptions,
): Promise<void> {
  const { maxBytes, signal, onChunk } = options;
  for await (const chunk of content) {
    signal?.throwIfAborted();
    if (writer.size + chunk.byteLength > maxBytes) throw new LimitExceededError({ what: "blob", limit: maxBytes });
    digests?.update(chunk);
    await writer.write(chunk);
    await onChunk?.();
  }
}
