import { finished } from "node:stream/promises";
import { once } from "node:events";
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
    if (!stream.write(chunk))
      await Promise.race([once(stream, "drain", signal && { signal }), once(stream, "close", signal && { signal })]);
  }
}

/** Writes bytes to a file, which has its name only when all of it is there. */
export async function writeFileOf(path: string, source: ByteSource, { signal }: CallOptions = {}): Promise<void> {
  const partial = `${path}.partial-${process.pid}`;
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
