import { createReadStream, type Stats } from "node:fs";
import { lstat, readdir, readlink, stat } from "node:fs/promises";
import { join, posix } from "node:path";
import { Readable } from "node:stream";
import type { ByteSource, CallOptions } from "@berth/oci";
import { type Header, pack, type Pack } from "tar-stream";
import { byBytes } from "./document.ts";
import { UnpackableFileError } from "./errors.ts";

/** A file or folder on disk, and where it goes in an archive. */
export interface TarInput {
  /** On disk. A link here is followed, those within a folder are stored as links. */
  readonly path: string;
  /** In the archive, with `/` between its parts; a leading `/` is dropped. Empty: the content of a folder, at the top of the archive. */
  readonly name: string;
}

/** Options of {@link tarFolder}. */
export interface TarFolderOptions extends CallOptions {
  /** The time of every entry, in seconds since 1970; default 0. @see reproducible-builds.org, SOURCE_DATE_EPOCH */
  readonly epoch?: number;
}

/** The latest time of an archive in the plain format, in seconds: 2^31 - 1, which every reader understands. */
export const MAX_TAR_TIME = 0x7fff_ffff;

/**
 * Files and folders as a tar archive whose bytes depend on names, contents, permission bits and link targets only: sorted by name, owned
 * by 0:0, all of one time. Hard links become files of their own; no memory grows with the size of what is read.
 *
 * @throws {RangeError} when `epoch` is no whole number from 0 to {@link MAX_TAR_TIME}.
 * @throws {UnpackableFileError} while it is read: for sockets and devices, names that leave the archive, two inputs of one name, and files
 * that change meanwhile. The errors of the file system come through as they are.
 */
export function tarFolder(inputs: readonly TarInput[], options: TarFolderOptions = {}): ByteSource {
  const { epoch = 0, signal } = options;
  if (!Number.isSafeInteger(epoch) || epoch < 0 || epoch > MAX_TAR_TIME) {
    throw new RangeError(`Cannot pack files: the time is ${epoch}, expected whole seconds from 0 to ${MAX_TAR_TIME}`);
  }
  return { [Symbol.asyncIterator]: () => archive(checkNames(inputs), new Date(epoch * 1000), signal) };
}

async function* archive(inputs: readonly TarInput[], mtime: Date, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  const tar = pack();
  const writing = writeAll(new Writer(tar, mtime, signal), inputs).then(
    () => tar.finalize(),
    (error: unknown) => tar.destroy(error instanceof Error ? error : new Error("Cannot pack files: stopped", { cause: error })),
  );
  try {
    const chunks: AsyncIterable<Uint8Array> = Readable.from(tar);
    for await (const chunk of chunks) yield chunk;
    signal?.throwIfAborted();
  } catch (error) {
    signal?.throwIfAborted(); // with the signal's own reason, whatever the streams made of it
    throw error;
  } finally {
    tar.destroy();
    await writing;
  }
}

async function writeAll(writer: Writer, inputs: readonly TarInput[]): Promise<void> {
  for (const { path, name } of inputs) await writer.add(path, name, await stat(path));
}

type EntryHeader = Partial<Header> & Pick<Header, "name">;

class Writer {
  readonly #tar: Pack;
  readonly #mtime: Date;
  readonly #signal: AbortSignal | undefined;

  constructor(tar: Pack, mtime: Date, signal: AbortSignal | undefined) {
    this.#tar = tar;
    this.#mtime = mtime;
    this.#signal = signal;
  }

  async add(path: string, name: string, stats: Stats): Promise<void> {
    this.#signal?.throwIfAborted();
    const common = { mode: stats.mode & 0o7777, uid: 0, gid: 0, mtime: this.#mtime };
    if (stats.isDirectory()) {
      if (name !== "") await this.#entry({ ...common, name: `${name}/`, type: "directory" });
      await this.#addContent(path, name);
    } else if (name === "") {
      throw new UnpackableFileError(path, "only a folder can be the top of an archive");
    } else if (stats.isSymbolicLink()) {
      await this.#entry({ ...common, mode: 0o777, name, type: "symlink", linkname: await readlink(path) });
    } else if (stats.isFile()) {
      await this.#file({ ...common, name, type: "file", size: stats.size }, path, stats.size);
    } else {
      throw new UnpackableFileError(path, "expected a file, a folder or a link");
    }
  }

  async #addContent(path: string, name: string): Promise<void> {
    for (const child of (await readdir(path)).sort(byBytes)) {
      const childPath = join(path, child);
      await this.add(childPath, name === "" ? child : `${name}/${child}`, await lstat(childPath));
    }
  }

  /** An entry without content. */
  async #entry(header: EntryHeader): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#tar.entry(header, (error) => (error ? reject(error) : resolve()));
    });
  }

  async #file(header: EntryHeader, path: string, size: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    promise.catch(() => undefined); // it is awaited below, unless reading fails first
    const sink = this.#tar.entry(header, (error) => (error ? reject(error) : resolve()));
    sink.on("error", reject);
    let seen = 0;
    // One byte more than expected is asked for, to notice a file that grows.
    const options = { end: size, highWaterMark: 262_144, ...(this.#signal && { signal: this.#signal }) };
    const chunks: AsyncIterable<Uint8Array> = createReadStream(path, options);
    for await (const bytes of chunks) {
      seen += bytes.byteLength;
      if (seen > size) break;
      if (!sink.write(bytes)) await Promise.race([drained(sink), promise]);
    }
    if (seen !== size) throw new UnpackableFileError(path, "it changed while it was read");
    sink.end(undefined);
    await promise;
  }
}

async function drained(sink: ReturnType<Pack["entry"]>): Promise<void> {
  await new Promise<void>((resolve) => sink.once("drain", () => resolve()));
}

/** Inputs by name, their names in one form. */
function checkNames(inputs: readonly TarInput[]): readonly TarInput[] {
  const sorted = inputs.map(({ path, name }) => ({ path, name: archiveName(path, name) })).sort((a, b) => byBytes(a.name, b.name));
  for (const [i, { path, name }] of sorted.entries()) {
    if (sorted[i + 1]?.name === name) throw new UnpackableFileError(path, `the archive has "${name}" twice`);
  }
  return sorted;
}

function archiveName(path: string, name: string): string {
  const normal = posix.normalize(`./${name}`).replace(/\/+$/, "");
  if (normal === "..") throw new UnpackableFileError(path, `the name "${name}" leaves the archive`);
  if (normal.startsWith("../")) throw new UnpackableFileError(path, `the name "${name}" leaves the archive`);
  return normal === "." ? "" : normal;
}
