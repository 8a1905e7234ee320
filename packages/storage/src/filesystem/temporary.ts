import { randomBytes } from "node:crypto";
import { dirname, join } from "node:path";
import type { FileCalls } from "./calls.ts";
import { errorName } from "./errors.ts";
import type { Folders } from "./folders.ts";

/** Below the root folder. `~` is outside the grammar of paths, so it never meets a key and lists leave it out. */
const FOLDER = "~tmp";

/** Said by `rename` when something at the destination is in its way. */
const OCCUPIED = new Set(["EISDIR", "ENOTEMPTY", "EEXIST", "ENOTDIR"]);

/** Said when a folder cannot be moved out of the way at once: a mount point, or another file system. */
const STAYS = new Set(["EXDEV", "EBUSY", "EPERM", "EACCES"]);

/**
 * Files on their way in and folders on their way out. All stand in one folder, so that leftovers of a crash are found without a walk;
 * only where a part of the tree is another file system does a file wait beside its destination.
 */
export class Temporary {
  readonly #calls: FileCalls;
  readonly #folders: Folders;
  readonly #folder: string;
  readonly #prefix = randomBytes(8).toString("hex");
  #count = 0;

  constructor(calls: FileCalls, folders: Folders, root: string) {
    this.#calls = calls;
    this.#folders = folders;
    this.#folder = join(root, FOLDER);
  }

  /** Has `make` create a file and renames it to `target`, durably; returns the name it had. */
  async replace(target: string, make: (temporary: string) => Promise<void>): Promise<string> {
    const temporary = join(this.#folder, this.#name());
    try {
      await this.#renameInto(target, temporary, () => this.#folders.within(this.#folder, () => make(temporary)));
      return temporary;
    } catch (error) {
      if (errorName(error) !== "EXDEV") throw error;
    }
    const beside = `${target}${FOLDER}-${this.#name()}`;
    await this.#renameInto(target, beside, () => this.#folders.within(dirname(target), () => make(beside)));
    return beside;
  }

  /** Renames over whatever is at the destination; a folder that is in the way is moved aside first. */
  async renameOver(from: string, to: string): Promise<void> {
    try {
      return await this.#calls.rename(from, to);
    } catch (error) {
      if (!OCCUPIED.has(errorName(error))) throw error;
    }
    const aside = join(this.#folder, this.#name());
    await this.#folders.within(this.#folder, () => this.#calls.rename(to, aside));
    try {
      await this.#calls.rename(from, to);
    } catch (error) {
      await this.#calls.rename(aside, to);
      throw error;
    }
    this.#folders.forget(to);
    await this.#calls.rm(aside);
  }

  /** Removes a folder with all it holds: at once for readers and for concurrent writers, who then make it anew. */
  async remove(folder: string): Promise<void> {
    const aside = join(this.#folder, this.#name());
    try {
      await this.#folders.within(this.#folder, () => this.#calls.rename(folder, aside));
      await this.#calls.rm(aside);
    } catch (error) {
      if (!STAYS.has(errorName(error))) throw error;
      await this.#calls.rm(folder);
    }
    this.#folders.forget(folder);
  }

  /** Removes what was left here before `olderThan`. */
  async sweep(olderThan: Date): Promise<number> {
    let removed = 0;
    for (const name of await this.#names()) {
      const path = join(this.#folder, name);
      const stats = await this.#calls.stat(path).catch(ignoreGone);
      // the time of the inode: a folder that was moved here keeps its old time of change
      if (stats === undefined || stats.ctimeMs >= olderThan.getTime()) continue;
      await this.#calls.rm(path);
      removed += 1;
    }
    return removed;
  }

  async #names(): Promise<readonly string[]> {
    const entries = await this.#calls.readdir(this.#folder).catch(ignoreGone);
    return entries?.map(({ name }) => name) ?? [];
  }

  async #renameInto(target: string, temporary: string, make: () => Promise<void>): Promise<void> {
    const folder = dirname(target);
    try {
      await make();
      await this.#folders.within(folder, () => this.#calls.rename(temporary, target));
    } catch (error) {
      await this.#calls.unlink(temporary).catch(ignoreGone);
      throw error;
    }
    await this.#folders.flush(folder);
  }

  #name(): string {
    this.#count += 1;
    return `${this.#prefix}-${this.#count}`;
  }
}

/** Gone already is as good as removed. */
export function ignoreGone(error: unknown): undefined {
  if (errorName(error) !== "ENOENT") throw error;
  return undefined;
}
