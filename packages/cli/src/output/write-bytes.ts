import { randomUUID } from "node:crypto";
import type { Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import type { ByteSource, CallOptions } from "@berth/oci";
import type { OutputStream } from "../io.ts";

/** Writes bytes to standard output, as fast as it takes them. */
export async function writeBytes(stream: OutputStream, source: ByteSource, { signal }: CallOptions = {}): Promise<void> {
  for await (const chunk of source) {
    signal?.throwIfAborted();
    // who read us may have gone away: then there is nobody to write for
    if (stream.destroyed || stream.writableEnded) return;
    if (!stream.write(chunk)) await writable(stream, signal);
  }
}

/** Waits until a stream takes more, is closed, or nobody waits any longer. */
async function writable(stream: Writable, signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const settle = (done: () => void) => (): void => {
      for (const name of ["drain", "close", "error"] as const) stream.off(name, ready);
      signal?.removeEventListener("abort", stop);
      done();
    };
    const ready = settle(resolve);
    const stop = settle(() => reject(signal?.reason));
    for (const name of ["drain", "close", "error"] as const) stream.once(name, ready);
    signal?.addEventListener("abort", stop);
  });
}

/** Writes bytes to a file, which has its name only when all of it is there. */
export async function writeFileOf(path: string, source: ByteSource, { signal }: CallOptions = {}): Promise<void> {
  const partial = `${path}.partial-${randomUUID()}`; // in containers every process has the same number
  const out = createWriteStream(partial, { flags: "wx" });
  try {
    await writeBytes(out, source, { ...(signal && { signal }) });
    out.end();
    await finished(out);
    await rename(partial, path);
  } catch (error) {
    out.destroy();
    await rm(partial, { force: true });
    throw error;
  }
}
