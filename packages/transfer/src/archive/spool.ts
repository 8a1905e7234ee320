import { randomUUID } from "node:crypto";
import { type FileHandle, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ByteSource, type CallOptions, LimitExceededError } from "@berth/oci";
import { writingTo } from "../no-space.ts";
import { writeAll } from "./write-all.ts";

/** Options of {@link createSpool}. */
export interface SpoolOptions extends CallOptions {
  /** Bytes it takes at most. */
  readonly maxBytes: number;
  /** Where temporary files go; default the system's folder for them. */
  readonly temporaryFolder?: string;
}

/** A temporary file without a name. */
export interface Spool {
  readonly file: FileHandle;
  /** Bytes. */
  readonly size: number;
}

/**
 * Writes content to a temporary file. Its name is taken away as soon as it is open, so that nothing is left behind whatever happens to the
 * process; the caller closes it.
 *
 * @throws {LimitExceededError}
 */
export async function createSpool(content: ByteSource, { maxBytes, temporaryFolder, signal }: SpoolOptions): Promise<Spool> {
  signal?.throwIfAborted();
  const folder = temporaryFolder ?? tmpdir();
  const path = join(folder, `berth-${randomUUID()}`);
  return await writingTo(folder, async () => {
    const file = await open(path, "wx+", 0o600);
    try {
      await rm(path);
      return { file, size: await writeAll(file, 0, bounded(content, maxBytes), { ...(signal && { signal }) }) };
    } catch (error) {
      await file.close();
      throw error;
    }
  });
}

async function* bounded(content: ByteSource, limit: number): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of content) {
    size += chunk.byteLength;
    if (size > limit) throw new LimitExceededError({ what: "content of more bytes", limit });
    yield chunk;
  }
}
