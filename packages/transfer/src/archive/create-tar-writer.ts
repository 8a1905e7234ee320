import type { Stats } from "node:fs";
import { open, realpath, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import type { Writable } from "node:stream";
import { MAX_EPOCH } from "../pack/timestamps.ts";
import { writingTo } from "../no-space.ts";
import { versionOfFile } from "./file-version.ts";
import { createTarFileWriter } from "./tar-file-writer.ts";
import { createTarStreamWriter } from "./tar-stream-writer.ts";
import { DEFAULT_ARCHIVE_LIMITS } from "./limits.ts";
import type { TarWriter, WriteArchiveOptions } from "./tar-writer.ts";

/**
 * Starts an archive at a path or on a stream; the stream stays open at the end. What is no plain file, such as a pipe, is written as a
 * stream too.
 *
 * @throws {RangeError} for a time that an archive cannot hold. @throws the error of the file system.
 */
export async function createTarWriter(out: string | Writable, options: WriteArchiveOptions = {}): Promise<TarWriter> {
  const { epoch = 0, temporaryFolder = tmpdir(), maxSpoolBytes = DEFAULT_ARCHIVE_LIMITS.maxSpoolBytes, replaces, signal } = options;
  signal?.throwIfAborted();
  if (!Number.isSafeInteger(epoch) || epoch < 0 || epoch > MAX_EPOCH) {
    throw new RangeError(`Cannot write archive: the time is ${epoch}, expected whole seconds from 0 to ${MAX_EPOCH}`);
  }
  const rest = { epoch, temporaryFolder, maxSpoolBytes };
  if (typeof out !== "string") return createTarStreamWriter(out, rest);
  const there = await stat(out).catch(() => undefined); // most often nothing is there; else opening it tells more
  const version = replaces ?? versionOfFile(out);
  return await writingTo(out, async () => named(out, await createFileWriter(out, there, { ...rest, version })));
}

interface StreamOptions {
  readonly epoch: number;
  readonly temporaryFolder: string;
  readonly maxSpoolBytes: number;
}

/** A file, which is there when it is whole; what is there and is none is written as it is. */
async function createFileWriter(
  out: string,
  there: Stats | undefined,
  { version, ...rest }: StreamOptions & { readonly version: string },
): Promise<TarWriter> {
  const replaced = { version, typed: out };
  if (there === undefined) return await createTarFileWriter(out, replaced, rest.epoch);
  if (there.isFile()) return await createTarFileWriter(await realpath(out), replaced, rest.epoch); // a link stays one
  const stream = (await open(out, "w")).createWriteStream();
  const writer = createTarStreamWriter(stream, rest);
  return {
    add: (entry, content, call) => writer.add(entry, content, call),
    has: (name) => writer.has(name),
    read: () => undefined,
    async finish(last) {
      await writer.finish(last);
      await new Promise<void>((resolve, reject) => stream.once("error", reject).end(resolve));
    },
    async abort() {
      await writer.abort();
      stream.destroy();
    },
  };
}

/** Says of a full disk which archive did not fit. */
function named(out: string, writer: TarWriter): TarWriter {
  return {
    add: async (entry, content, call) => await writingTo(out, async () => await writer.add(entry, content, call)),
    has: (name) => writer.has(name),
    read: (name, span, signal) => writer.read(name, span, signal),
    finish: async (last) => await writingTo(out, async () => await writer.finish(last)),
    abort: async () => await writer.abort(),
  };
}
