import { constants } from "node:fs";
import { dirname } from "node:path";
import type { FileCalls } from "./calls.ts";
import { errorName, writeError } from "./errors.ts";
import { File } from "./file.ts";
import { type Files, missingWhenFolder } from "./files.ts";
import type { Folders } from "./folders.ts";
import { ignoreGone, type Temporary } from "./temporary.ts";

const { O_RDONLY, O_RDWR } = constants;

/** Said by `link` when the destination exists, or the file system cannot share these bytes. */
const UNLINKABLE = new Set(["EEXIST", "EXDEV", "EPERM", "EMLINK", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"]);

/** Copies that share their bytes by a second name (`link`) where the file system can, until one of them is written to. */
export class Copies {
  readonly #calls: FileCalls;
  readonly #files: Files;
  readonly #folders: Folders;
  readonly #temporary: Temporary;

  constructor(calls: FileCalls, files: Files, folders: Folders, temporary: Temporary) {
    this.#calls = calls;
    this.#files = files;
    this.#folders = folders;
    this.#temporary = temporary;
  }

  /** See `StorageDriver.copy`. */
  async copy(source: string, destination: string): Promise<void> {
    const from = this.#files.real(source);
    const to = this.#files.real(destination);
    if (from === to) return this.#files.expectFile(source);
    const folder = dirname(to);
    try {
      await this.#folders.withinNew(folder, () => this.#calls.link(from, to));
      await Promise.all([this.#flushContent(destination), this.#folders.flush(folder)]);
    } catch (error) {
      if (!UNLINKABLE.has(errorName(error))) {
        await this.#files.expectFile(source); // a missing source is said first, whatever is wrong with the destination
        throw writeError(error, destination);
      }
      await this.#copyOver(source, destination);
    }
  }

  /** Gives a path bytes of its own before they change: `copy` may have given them a second path. */
  async unshare(file: File): Promise<File> {
    const { path } = file;
    try {
      await this.#temporary.replace(this.#files.real(path), (name) => this.#copyBytes(path, name));
    } finally {
      await file.close();
    }
    return this.#files.open(path, O_RDWR);
  }

  /** Copies by a second name of the same bytes where the file system can, over what is at the destination. */
  async #copyOver(source: string, destination: string): Promise<void> {
    const from = this.#files.real(source);
    try {
      const temporary = await this.#temporary.replace(this.#files.real(destination), async (name) => {
        try {
          await this.#calls.link(from, name);
          await this.#flushContent(source);
        } catch (error) {
          if (!UNLINKABLE.has(errorName(error))) throw error;
          await this.#copyBytes(source, name);
        }
      });
      // renaming one name of a file over another name of it does nothing and leaves both
      await this.#calls.unlink(temporary).catch(ignoreGone);
    } catch (error) {
      throw writeError(error, destination);
    }
  }

  async #copyBytes(source: string, name: string): Promise<void> {
    await this.#calls.copyFile(this.#files.real(source), name).catch((error: unknown) => {
      throw missingWhenFolder(error, source);
    });
    const file = new File(this.#calls, await this.#calls.open(name, O_RDWR), source);
    try {
      await file.fsync();
    } finally {
      await file.close();
    }
  }

  async #flushContent(path: string): Promise<void> {
    const file = await this.#files.open(path, O_RDONLY);
    try {
      await file.fdatasync();
    } finally {
      await file.close();
    }
  }
}
