import { type ByteSource, LimitExceededError } from "@berth/oci";

/** Reads a whole body into memory, up to a limit. @throws {LimitExceededError} beyond it, before more is read. */
export async function readBounded(
  content: ByteSource,
  options: { readonly what: string; readonly limit: number; readonly signal?: AbortSignal | undefined },
): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of content) {
    options.signal?.throwIfAborted();
    size += chunk.byteLength;
    if (size > options.limit) throw new LimitExceededError({ what: options.what, limit: options.limit });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}
