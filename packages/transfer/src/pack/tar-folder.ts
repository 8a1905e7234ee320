import { createReadStream, type Stats } from "node:fs";
import { lstat, readdir, readlink, stat } from "node:fs/promises";
import { join, posix } from "node:path";
import type { ByteSource, CallOptions } from "@berth/oci";
import { leadsOut } from "../image/leads-out.ts";
import { encodeEntry, TAR_END } from "../image/tar-encode.ts";
import type { TarEntry } from "../image/tar-entry.ts";
import { padding } from "../image/tar-reader.ts";
import { byBytes } from "./document.ts";
import { UnpackableFileError } from "./errors.ts";
import { MAX_EPOCH } from "./timestamps.ts";

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
  /** What becomes of links that lead out of the input that they stand in: default `keep`; what is to be unpacked below a folder has none. */
  readonly outwardLinks?: "keep" | "refuse";
}

/**
 * Files and folders as a tar archive whose bytes depend on names, contents, permission bits and link targets only: sorted by name, owned
 * by 0:0, all of one time. Hard links become files of their own; no memory grows with the size of what is read.
 *
 * @throws {RangeError} when `epoch` is no whole number from 0 to {@link MAX_EPOCH}.
 * @throws {UnpackableFileError} while it is read: for sockets and devices, names that leave the archive, two inputs of one name, files
 * that change meanwhile, and links as `outwardLinks` says. The errors of the file system come through as they are.
 */
export function tarFolder(inputs: readonly TarInput[], options: TarFolderOptions = {}): ByteSource {
  const { epoch = 0, outwardLinks = "keep", signal } = options;
  if (!Number.isSafeInteger(epoch) || epoch < 0 || epoch > MAX_EPOCH) {
    throw new RangeError(`Cannot pack files: the time is ${epoch}, expected whole seconds from 0 to ${MAX_EPOCH}`);
  }
  return { [Symbol.asyncIterator]: () => archive(inputs, { mtime: epoch, outwardLinks, signal }) };
}

interface Archive {
  readonly mtime: number;
  readonly outwardLinks: "keep" | "refuse";
  readonly signal: AbortSignal | undefined;
}

async function* archive(inputs: readonly TarInput[], options: Archive): AsyncGenerator<Uint8Array> {
  for (const input of checkNames(inputs)) yield* packOne(input, input.name, await stat(input.path), options);
  yield TAR_END;
}

/** @param top the name of the input that it stands in, or is. */
async function* packOne({ path, name }: TarInput, top: string, stats: Stats, options: Archive): AsyncGenerator<Uint8Array> {
  options.signal?.throwIfAborted();
  const entry = { ...NOBODY, path: name, mode: stats.mode & 0o7777, mtime: options.mtime };
  if (stats.isDirectory()) {
    if (name !== "") yield encodeEntry({ ...entry, type: "folder" });
    for (const child of (await readdir(path)).sort(byBytes)) {
      const childPath = join(path, child);
      const input = { path: childPath, name: name === "" ? child : `${name}/${child}` };
      yield* packOne(input, top, await lstat(childPath), options);
    }
  } else if (name === "") {
    throw new UnpackableFileError(path, "only a folder can be the top of an archive");
  } else if (stats.isSymbolicLink()) {
    const linkTarget = await readlink(path);
    if (options.outwardLinks === "refuse" && leadsOut(name.slice(top === "" ? 0 : top.length + 1), linkTarget))
      throw new UnpackableFileError(path, "it links out of the folder");
    yield encodeEntry({ ...entry, type: "symlink", mode: 0o777, linkTarget });
  } else if (stats.isFile()) {
    yield encodeEntry({ ...entry, type: "file", size: stats.size });
    yield* fileContent(path, stats.size, options);
    yield Buffer.alloc(padding(stats.size));
  } else {
    throw new UnpackableFileError(path, "expected a file, a folder or a link");
  }
}

const NOBODY: Omit<TarEntry, "path" | "mode" | "mtime" | "type"> = {
  uid: 0,
  gid: 0,
  userName: "",
  groupName: "",
  size: 0,
  linkTarget: "",
  deviceMajor: 0,
  deviceMinor: 0,
  pax: new Map(),
};

/** One byte more than expected is asked for, to notice a file that grows. */
async function* fileContent(path: string, size: number, { signal }: Archive): AsyncGenerator<Uint8Array> {
  let seen = 0;
  const chunks: AsyncIterable<Uint8Array> = createReadStream(path, { end: size, highWaterMark: 262_144 });
  for await (const chunk of chunks) {
    signal?.throwIfAborted();
    seen += chunk.byteLength;
    if (seen > size) break;
    yield chunk;
  }
  if (seen !== size) throw new UnpackableFileError(path, "it changed while it was read");
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
