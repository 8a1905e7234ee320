import type { Stats } from "node:fs";
import { constants, type FileHandle, lchown, link, lstat, lutimes, open, readlink, symlink } from "node:fs/promises";
import { type CallOptions, UnsupportedError } from "@berth/oci";
import { errnoOf } from "../layout/errno.ts";
import { InvalidLayerError, printable, UnsafeEntryError } from "./errors.ts";
import { type ExistingContent, ExtractRoot } from "./extract-root.ts";
import type { TarEntry, TarEntryWithContent } from "./tar-entry.ts";
import { parentOf } from "./tar-path.ts";

/** Why an entry was not unpacked, or not whole. */
export type SkipReason = "device" | "fifo" | "extended attributes";

/** Options of {@link extractEntries}. */
export interface ExtractEntriesOptions extends CallOptions {
  /** Default `refuse`: a folder with content is an error. */
  readonly existing?: ExistingContent;
  /** Devices and fifos, which Node cannot make: left out, or an error. Default `skip`. */
  readonly specialFiles?: "skip" | "error";
  /** Whether setuid and setgid bits are kept; default false. */
  readonly setIdBits?: boolean;
  /** Whether files get the owners that the archive names; only root can do that. Default false: they are the caller's. */
  readonly owners?: boolean;
  /** Told of everything that could not be unpacked whole. */
  readonly onSkip?: (path: string, reason: SkipReason) => void;
}

/** What was unpacked. */
export interface ExtractResult {
  /** Files, hard links included. */
  readonly files: number;
  /** Folders that the archive names. */
  readonly folders: number;
  /** Symbolic links. */
  readonly symlinks: number;
  /** Entries left out. */
  readonly skipped: number;
  /** Bytes of all files. */
  readonly bytes: number;
}

/**
 * Unpacks entries into a folder and nowhere else, whatever they say. A later entry replaces an earlier one of the same path. When it
 * fails, a folder that it made is gone again, and one that was empty is empty.
 *
 * @throws {FolderNotEmptyError} @throws {UnsafeEntryError} when an entry lies below a link, collides with another one, or would replace a
 * folder with content that was there before.
 * @throws {InvalidLayerError} when a hard link leads nowhere. @throws {UnsupportedError} for owners without being root, and special files.
 */
export async function extractEntries(
  entries: AsyncIterable<TarEntryWithContent>,
  folder: string,
  options: ExtractEntriesOptions = {},
): Promise<ExtractResult> {
  if (options.owners === true && process.getuid?.() !== 0) throw new UnsupportedError("set the owners of files without being root");
  const root = await ExtractRoot.open(folder, options.existing);
  try {
    const extraction = new Extraction(root, options);
    for await (const { entry, content } of entries) {
      options.signal?.throwIfAborted();
      await extraction.add(entry, content);
    }
    return await extraction.finish();
  } catch (error) {
    await root.discard();
    throw error;
  }
}

/** What a folder gets when everything is in it: writing into it would change its time, and its mode may forbid to write. */
type FolderFields = Pick<TarEntry, "mode" | "uid" | "gid"> & { readonly mtime: number | undefined };

/** For folders that no entry names. */
const IMPLICIT: FolderFields = { mode: 0o755, uid: 0, gid: 0, mtime: undefined };

class Extraction {
  readonly #root: ExtractRoot;
  readonly #options: ExtractEntriesOptions;
  readonly #folders = new Map<string, FolderFields>();
  #result: ExtractResult = { files: 0, folders: 0, symlinks: 0, skipped: 0, bytes: 0 };

  constructor(root: ExtractRoot, options: ExtractEntriesOptions) {
    this.#root = root;
    this.#options = options;
  }

  async add(entry: TarEntry, content: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      await this.#add(entry, content);
    } catch (error) {
      if (errnoOf(error) !== "ENAMETOOLONG") throw error;
      throw new UnsafeEntryError(entry.path, "its name, or that of what it leads to, is too long for the file system", { cause: error });
    }
  }

  async #add(entry: TarEntry, content: AsyncIterable<Uint8Array>): Promise<void> {
    const { path, type, uid, gid } = entry;
    checkName(path);
    if (this.#options.owners === true && !(isOwner(uid) && isOwner(gid)))
      throw new UnsafeEntryError(path, "its owner is no number of a user");
    if (type === "character-device" || type === "block-device" || type === "fifo")
      return this.#skip(path, type === "fifo" ? "fifo" : "device");
    if ([...entry.pax.keys()].some((key) => key.startsWith("SCHILY.xattr."))) this.#options.onSkip?.(path, "extended attributes");
    if (type === "folder") return await this.#folder(entry);
    if (path === "") throw new UnsafeEntryError(path, "the root is no folder");
    await this.#makeFolders(parentOf(path));
    if (type === "file") await this.#file(entry, content);
    else if (type === "symlink") await this.#symlink(entry, entry.linkTarget);
    else await this.#hardLink(entry);
  }

  /** Gives the folders their modes and times, the innermost first. */
  async finish(): Promise<ExtractResult> {
    const innermostFirst = [...this.#folders].sort(([a], [b]) => b.length - a.length);
    for (const [path, fields] of innermostFirst) {
      if (path === "" && !this.#root.isOwn) continue; // it was there before and is not ours to change
      const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
      await using folder = await open(this.#root.pathOf(path), flags);
      await this.#setFields(folder, fields, 0o1777);
    }
    return this.#result;
  }

  #skip(path: string, reason: SkipReason): void {
    if (this.#options.specialFiles === "error") throw new UnsupportedError(`unpack "${path}", a ${reason}`);
    this.#options.onSkip?.(path, reason);
    this.#count({ skipped: 1 });
  }

  async #makeFolders(path: string): Promise<void> {
    for (const made of await this.#root.makeFolders(path)) this.#folders.set(made, IMPLICIT);
  }

  async #folder(entry: TarEntry): Promise<void> {
    const { path } = entry;
    await this.#makeFolders(parentOf(path));
    if (path !== "" && (await this.#root.kindOf(path)) === "other") await this.#makeWay(path);
    await this.#makeFolders(path);
    this.#folders.set(path, entry);
    this.#count({ folders: 1 });
  }

  async #file(entry: TarEntry, content: AsyncIterable<Uint8Array>): Promise<void> {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    const path = this.#root.pathOf(entry.path);
    await using file = await this.#create(entry.path, async () => await open(path, flags, 0o600));
    for await (const chunk of content) {
      this.#options.signal?.throwIfAborted();
      await writeAll(file, chunk);
    }
    await this.#setFields(file, entry, 0o777);
    this.#count({ files: 1, bytes: entry.size });
  }

  async #symlink(entry: Pick<TarEntry, "path" | "uid" | "gid" | "mtime">, target: string | Buffer): Promise<void> {
    const path = this.#root.pathOf(entry.path);
    await this.#create(entry.path, async () => await symlink(target, path));
    if (this.#options.owners === true) await lchown(path, entry.uid, entry.gid);
    await lutimes(path, clampTime(entry.mtime), clampTime(entry.mtime));
    this.#count({ symlinks: 1 });
  }

  async #hardLink(entry: TarEntry): Promise<void> {
    const { path, linkTarget } = entry;
    if (linkTarget.startsWith(`${path}/`)) throw new InvalidLayerError(`the hard link "${printable(path)}" leads to a file below itself`);
    const target = this.#root.pathOf(linkTarget);
    const stats = (await this.#root.isReachable(parentOf(linkTarget))) ? await lstat(target).catch(() => undefined) : undefined;
    if (stats === undefined || !isLinkable(stats)) throw new InvalidLayerError("a hard link leads to no file");
    if (path === linkTarget) return;
    // Some systems follow a link when they make a hard link to it: an equal link serves as well.
    if (stats.isSymbolicLink()) return await this.#symlink(entry, await readlink(target, { encoding: "buffer" }));
    await this.#create(path, async () => await link(target, this.#root.pathOf(path)));
    this.#count({ files: 1 });
  }

  /** Makes something that must not be there yet; what an earlier entry made is replaced. */
  async #create<T>(path: string, make: () => Promise<T>): Promise<T> {
    const made = await make().catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
      await this.#makeWay(path);
      return await make();
    });
    this.#root.addMade(path);
    return made;
  }

  async #makeWay(path: string): Promise<void> {
    await this.#root.remove(path);
    for (const folder of this.#folders.keys()) {
      if (folder === path || folder.startsWith(`${path}/`)) this.#folders.delete(folder);
    }
  }

  /** Owner first: it takes setuid bits away. */
  async #setFields(handle: FileHandle, { mode, uid, gid, mtime }: FolderFields, mask: number): Promise<void> {
    if (this.#options.owners === true) await handle.chown(uid, gid);
    await handle.chmod(mode & (this.#options.setIdBits === true ? mask | 0o6000 : mask));
    if (mtime !== undefined) await handle.utimes(clampTime(mtime), clampTime(mtime));
  }

  #count(more: Partial<ExtractResult>): void {
    const sum = (key: keyof ExtractResult): number => this.#result[key] + (more[key] ?? 0);
    this.#result = {
      files: sum("files"),
      folders: sum("folders"),
      symlinks: sum("symlinks"),
      skipped: sum("skipped"),
      bytes: sum("bytes"),
    };
  }
}

/** Windows has more than one way to leave a folder. */
function checkName(path: string): void {
  if (process.platform === "win32" && /[\\:]/.test(path)) throw new UnsafeEntryError(path, "its name means something else on this system");
}

/** The largest number means "leave it as it is" to the system. */
function isOwner(id: number): boolean {
  return Number.isInteger(id) && id >= 0 && id < 2 ** 32 - 1;
}

function isLinkable(stats: Stats): boolean {
  return stats.isFile() || stats.isSymbolicLink();
}

async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.byteLength; ) at += (await file.write(chunk, at)).bytesWritten;
}

/** What file systems can hold, about: the year 1901 to 2242, in seconds. */
function clampTime(seconds: number): number {
  return Math.min(Math.max(seconds, -(2 ** 31)), 2 ** 33);
}
