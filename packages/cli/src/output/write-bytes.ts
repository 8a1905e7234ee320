import type { Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { lstat, open, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
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

/**
 * Writes bytes to a file, which has its name only when all of it is there. What is no file (a device, a pipe) is written into as it is.
 * What a process left there that was killed over the same file goes away.
 */
export async function writeFileOf(path: string, source: ByteSource, { signal }: CallOptions = {}): Promise<void> {
  const { target, isReplaced } = await findTarget(path);
  const partial = isReplaced ? await partialOf(target) : target;
  const file = await open(partial, isReplaced ? "wx" : "w"); // it is there from here on, to be removed
  const out = file.createWriteStream();
  const done = finished(out);
  done.catch(() => undefined); // a full disk, say, is told while bytes are still being written
  try {
    await writeBytes(out, source, { ...(signal && { signal }) });
    out.end();
    await done;
    if (isReplaced) await rename(partial, target);
  } catch (error) {
    out.destroy();
    await done.catch(() => undefined);
    if (isReplaced) await rm(partial, { force: true });
    throw await fullError(path, error);
  }
}

/** Of a full disk it is told which file did not fit. */
async function fullError(path: string, error: unknown): Promise<unknown> {
  const { fullAt } = await import("@berth/transfer/errors");
  return fullAt(path, error);
}

/** Writes a small file. @throws the error of the file system. */
export async function writeTextOf(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text);
  } catch (error) {
    throw await fullError(path, error);
  }
}

/** A name beside a file, for it until it is whole. Only who writes a file pays for loading what makes it. */
async function partialOf(file: string): Promise<string> {
  const { removeAbandonedBeside, unfinishedBeside } = await import("@berth/oci/node");
  await removeAbandonedBeside(file);
  return unfinishedBeside(file);
}

/** Where a path leads, and whether a new file may take the place of what is there. */
async function findTarget(path: string): Promise<{ readonly target: string; readonly isReplaced: boolean }> {
  try {
    const target = await realpath(path);
    return { target, isReplaced: (await stat(target)).isFile() };
  } catch {
    const isLink = await lstat(path).then(
      (stats) => stats.isSymbolicLink(),
      () => false,
    );
    return { target: path, isReplaced: !isLink }; // a link to nothing makes its target when it is written into
  }
}
