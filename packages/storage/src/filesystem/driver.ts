import { constants, type Stats } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Readable } from "node:stream";
import type { FileInfo, FileWriter, OpenFile, ReaderOptions, StorageDriver, WalkOptions, WriterOptions } from "../driver.ts";
import { DriverError, InvalidOffsetError, PathNotFoundError } from "../errors.ts";
import { childPath, isPathName } from "../path.ts";
import { walkTree, type FolderEntry } from "../walk.ts";
import type { FileCalls } from "./calls.ts";
import { Copies } from "./copies.ts";
import { DirectWrites, SlotPool } from "./direct.ts";
import { driverError, errorName, FILESYSTEM, writeError } from "./errors.ts";
import { File } from "./file.ts";
import { Files, missingWhenFolder } from "./files.ts";
import { Folders } from "./folders.ts";
import { readFile } from "./reader.ts";
import { ignoreGone, Temporary } from "./temporary.ts";
import { WholeReads } from "./whole-reads.ts";
import { FilesystemWriter } from "./writer.ts";

const { O_RDONLY, O_RDWR, O_WRONLY, O_CREAT, O_EXCL, O_DIRECT } = constants;

/** Left by `putContent` of the reference registry when it dies. */
const FOREIGN_TEMPORARY = /\.[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.tmp$/;

/** Keeps each path as a file below a root folder. The bare driver: it trusts its paths, see `withBase`. */
export class FilesystemDriver implements StorageDriver {
  readonly name: string = FILESYSTEM;
  readonly #calls: FileCalls;
  readonly #files: Files;
  readonly #folders: Folders;
  readonly #temporary: Temporary;
  readonly #copies: Copies;
  readonly #wholeReads = new WholeReads();
  readonly #slots = new SlotPool();
  #canWriteDirect: boolean;

  constructor(rootDirectory: string, calls: FileCalls) {
    this.#calls = calls;
    this.#canWriteDirect = process.platform === "linux";
    const root = resolve(rootDirectory);
    this.#files = new Files(calls, root);
    this.#folders = new Folders(calls, root);
    this.#temporary = new Temporary(calls, this.#folders, root);
    this.#copies = new Copies(calls, this.#files, this.#folders, this.#temporary);
  }

  async getContent(path: string): Promise<Buffer> {
    const file = await this.#files.open(path, O_RDONLY);
    try {
      return await this.#wholeReads.read(file);
    } catch (error) {
      throw missingWhenFolder(error, path);
    } finally {
      await file.close();
    }
  }

  async putContent(path: string, content: Uint8Array): Promise<void> {
    try {
      await this.#temporary.replace(this.#files.real(path), async (temporary) => {
        const file = new File(this.#calls, await this.#calls.open(temporary, O_WRONLY | O_CREAT | O_EXCL), path);
        try {
          await file.write(content, 0);
          await file.fsync();
        } finally {
          await file.close();
        }
      });
    } catch (error) {
      throw writeError(error, path);
    }
  }

  async reader(path: string, options: ReaderOptions = {}): Promise<Readable> {
    const file = await this.#files.openToRead(path);
    const { offset = 0, length = Infinity } = options;
    if (offset <= file.size) return readFile(file.file, offset, Math.min(length, file.size - offset));
    await file.file.close();
    throw new InvalidOffsetError({ driver: FILESYSTEM, path, offset });
  }

  async open(path: string): Promise<OpenFile> {
    const { file, size } = await this.#files.openToRead(path);
    return { size, read: (into, position) => file.read(into, position), close: () => file.close() };
  }

  async writer(path: string, options: WriterOptions = {}): Promise<FileWriter> {
    const { keep = 0 } = options;
    const { file, size } = keep === 0 ? { file: await this.#create(path), size: 0 } : await this.#resume(path, keep);
    const folder = dirname(this.#files.real(path));
    return new FilesystemWriter(file, size, {
      onEnd: this.#folders.occupy(folder),
      openDirect: (opened) => this.#openDirect(opened),
      flushFolder: () => this.#folders.flush(folder),
      remove: () => this.#removeUnfinished(path),
    });
  }

  async stat(path: string): Promise<FileInfo> {
    try {
      return infoOf(path, await this.#calls.stat(this.#files.real(path)));
    } catch (error) {
      // the root folder is made by the first write
      if (path === "/" && errorName(error) === "ENOENT") return { path, size: 0, modifiedAt: new Date(0), isDirectory: true };
      throw driverError(error, path);
    }
  }

  async list(path: string): Promise<string[]> {
    const children = await this.#children(path);
    return children.map(({ name }) => childPath(path, name)).sort();
  }

  async move(source: string, destination: string): Promise<void> {
    const from = this.#files.real(source);
    const to = this.#files.real(destination);
    const before = await this.#files.stats(source);
    if (from === to) return;
    if (from.startsWith(`${to}/`) || to.startsWith(`${from}/`)) {
      throw new DriverError(`Cannot move path "${source}" to "${destination}": one holds the other`, { driver: FILESYSTEM, path: source });
    }
    try {
      await this.#folders.within(dirname(to), () => this.#temporary.renameOver(from, to));
      if (!before.isDirectory() && before.nlink > 1) await this.#dropSameFile(from, to);
      if (before.isDirectory()) this.#folders.forget(from);
      await Promise.all([this.#folders.flush(dirname(to)), this.#folders.flush(dirname(from))]);
    } catch (error) {
      throw writeError(error, destination);
    }
    await this.#folders.prune(dirname(from));
  }

  copy(source: string, destination: string): Promise<void> {
    return this.#copies.copy(source, destination);
  }

  async delete(path: string): Promise<void> {
    const real = this.#files.real(path);
    try {
      await this.#calls.unlink(real);
    } catch (error) {
      const name = errorName(error);
      // Linux says EISDIR for a folder, others EPERM
      if (name !== "EISDIR" && name !== "EPERM") throw driverError(error, path);
      await this.#temporary.remove(real).catch((cause: unknown) => {
        throw driverError(cause, path);
      });
    }
    await this.#folders.prune(dirname(real));
  }

  redirectUrl(): Promise<string | undefined> {
    return Promise.resolve(undefined);
  }

  walk(path: string, options: WalkOptions = {}): AsyncIterable<FileInfo> {
    return walkTree(path, options, {
      children: (folder) => this.#children(folder),
      info: (child) => this.stat(child).catch(ignoreMissing),
    });
  }

  removeLeftovers(olderThan: Date): Promise<number> {
    return this.#temporary.sweep(olderThan);
  }

  /** A new file, never the old one emptied: that one may have a second path by `copy`. */
  async #create(path: string): Promise<File> {
    const real = this.#files.real(path);
    const open = () => this.#calls.open(real, O_WRONLY | O_CREAT | O_EXCL);
    try {
      const fd = await this.#folders.within(dirname(real), async () => {
        for (;;) {
          try {
            return await open();
          } catch (error) {
            if (errorName(error) !== "EEXIST") throw error;
          }
          await this.#calls.unlink(real).catch(ignoreGone);
        }
      });
      return new File(this.#calls, fd, path);
    } catch (error) {
      throw writeError(error, path);
    }
  }

  /** A delete while the writer was open left the folder to the writer. */
  async #removeUnfinished(path: string): Promise<void> {
    await this.delete(path).catch(ignoreMissing);
    await this.#folders.prune(dirname(this.#files.real(path)));
  }

  async #openDirect(file: File): Promise<DirectWrites | undefined> {
    if (!this.#canWriteDirect) return undefined;
    try {
      return new DirectWrites(this.#calls, this.#slots, await file.reopen(O_WRONLY | O_DIRECT), file);
    } catch {
      // all the file system lacks is speed; what else is wrong is said by the writes through the cache
      this.#canWriteDirect = false;
      return undefined;
    }
  }

  async #resume(path: string, keep: number | "all"): Promise<{ readonly file: File; readonly size: number }> {
    let file = await this.#files.open(path, O_RDWR);
    try {
      const stats = await file.stat();
      const size = keep === "all" ? stats.size : keep;
      if (size > stats.size) throw new InvalidOffsetError({ driver: FILESYSTEM, path, offset: size });
      if (stats.nlink > 1) file = await this.#copies.unshare(file);
      if (size < stats.size) await file.truncate(size);
      return { file, size };
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async #dropSameFile(from: string, to: string): Promise<void> {
    const [left, moved] = await Promise.all([from, to].map((path) => this.#calls.stat(path).catch(ignoreGone)));
    if (left !== undefined && moved !== undefined && left.ino === moved.ino && left.dev === moved.dev)
      await this.#calls.unlink(from).catch(ignoreGone);
  }

  async #children(path: string): Promise<readonly FolderEntry[]> {
    try {
      const children: FolderEntry[] = [];
      for (const entry of await this.#calls.readdir(this.#files.real(path))) {
        if (!isPathName(entry.name)) continue;
        const isDirectory = entry.isSymbolicLink() ? await this.#isFolder(childPath(path, entry.name)) : entry.isDirectory();
        if (isDirectory || !FOREIGN_TEMPORARY.test(entry.name)) children.push({ name: entry.name, isDirectory });
      }
      return children;
    } catch (error) {
      // the root folder is made by the first write
      if (path === "/" && errorName(error) === "ENOENT") return [];
      throw driverError(error, path);
    }
  }

  /** For links that the operator made to spread a store over disks. */
  async #isFolder(path: string): Promise<boolean> {
    const stats = await this.#calls.stat(this.#files.real(path)).catch(ignoreGone);
    return stats?.isDirectory() ?? false;
  }
}

function infoOf(path: string, stats: Stats): FileInfo {
  const isDirectory = stats.isDirectory();
  // a second name is a change too, which only `ctime` shows
  return { path, size: isDirectory ? 0 : stats.size, modifiedAt: stats.ctimeMs > stats.mtimeMs ? stats.ctime : stats.mtime, isDirectory };
}

function ignoreMissing(error: unknown): undefined {
  if (!(error instanceof PathNotFoundError)) throw error;
  return undefined;
}
