import { lstat, mkdir, readdir, realpath, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { makeFolder } from "@berth/oci/node";
import { errnoOf } from "../layout/errno.ts";
import { FolderNotEmptyError, UnsafeEntryError } from "./errors.ts";
import { filePath } from "./tar-text.ts";

/**
 * Whether a folder that has content already is refused, or its content stays and what is unpacked replaces files of the same names. A folder
 * with content is never replaced by a file or a link: that is an error.
 */
export type ExistingContent = "refuse" | "merge";

/**
 * A folder to unpack into, with the one rule that keeps unpacking within it: nothing is made below a path unless each of its folders was
 * seen to be a real folder, not a link. Paths are those of `normalizePath`: relative, without `..`.
 *
 * The rule holds against whatever the archive says. It does not hold against another process that exchanges folders for links meanwhile:
 * nobody else may write there.
 */
export class ExtractRoot {
  /** Absolute, links resolved. */
  readonly folder: string;
  readonly #start: "made" | "empty" | "merged";
  /** Paths that were seen to be real folders. Emptied whenever something is removed, as one folder may have several names. */
  readonly #folders = new Set<string>();
  /** What was made here, under the names that were asked for. */
  readonly #made = new Set<string>();

  private constructor(folder: string, start: "made" | "empty" | "merged") {
    this.folder = folder;
    this.#start = start;
  }

  /** Makes the folder unless it is there. @throws {FolderNotEmptyError} */
  static async open(folder: string, existing: ExistingContent = "refuse"): Promise<ExtractRoot> {
    const made = await makeFolder(folder);
    const real = await realpath(folder);
    if (made) return new ExtractRoot(real, "made");
    const empty = (await readdir(real)).length === 0;
    if (!empty && existing === "refuse") throw new FolderNotEmptyError(folder);
    return new ExtractRoot(real, empty ? "empty" : "merged");
  }

  /** Whether everything in it was unpacked into it. */
  get isOwn(): boolean {
    return this.#start !== "merged";
  }

  /** Where `path` is on disk. Nothing is checked: make or look up its folder first. */
  pathOf(path: string): string | Buffer {
    return filePath(path === "" ? this.folder : join(this.folder, path));
  }

  /**
   * Sees to it that a path and all above it are real folders; missing ones are made. Returns those that were.
   *
   * @throws {UnsafeEntryError} when there is something else.
   */
  async makeFolders(path: string): Promise<readonly string[]> {
    const made: string[] = [];
    for (const folder of foldersOf(path)) {
      if (this.#folders.has(folder)) continue;
      const kind = await this.kindOf(folder);
      if (kind === "other") throw new UnsafeEntryError(path, `"${folder}" is no folder`);
      if (kind === "folder") this.#checkCollision(folder);
      else {
        await mkdir(this.pathOf(folder), { mode: 0o700 }); // open to us until all is unpacked, whatever its mode
        this.#made.add(folder);
        made.push(folder);
      }
      this.#folders.add(folder);
    }
    return made;
  }

  /** Whether all above a path are real folders; nothing is made. */
  async isReachable(path: string): Promise<boolean> {
    for (const folder of foldersOf(path)) {
      if (this.#folders.has(folder)) continue;
      if ((await this.kindOf(folder)) !== "folder") return false;
      this.#folders.add(folder);
    }
    return true;
  }

  /** What is at a path itself. Its folder must have been checked. */
  async kindOf(path: string): Promise<"folder" | "other" | undefined> {
    const stats = await lstat(this.pathOf(path)).catch(ignoreMissing);
    if (stats === undefined) return undefined;
    return stats.isDirectory() ? "folder" : "other";
  }

  /**
   * Makes way for something new at a path. Its folder must have been checked.
   *
   * @throws {UnsafeEntryError} when that is in the way under another name, or is a folder with content that was there before.
   */
  async remove(path: string): Promise<void> {
    this.#checkCollision(path);
    this.#folders.clear();
    const isOurs = this.isOwn || this.#made.has(path);
    if (!isOurs && (await this.kindOf(path)) === "folder") await this.#removeEmpty(path);
    else await rm(this.pathOf(path), { recursive: isOurs, force: true });
  }

  /** Remembers that something was made at a path. */
  addMade(path: string): void {
    this.#made.add(path);
  }

  /** Removes what was unpacked, as far as nothing else was there before. */
  async discard(): Promise<void> {
    if (!this.isOwn) return;
    this.#folders.clear();
    for (const name of await readdir(this.folder, { encoding: "buffer" })) {
      await rm(Buffer.concat([Buffer.from(`${this.folder}/`), name]), { recursive: true, force: true });
    }
    if (this.#start === "made") await rmdir(this.folder);
  }

  async #removeEmpty(path: string): Promise<void> {
    try {
      await rmdir(this.pathOf(path));
    } catch (error) {
      const code = errnoOf(error);
      if (code !== "ENOTEMPTY" && code !== "EEXIST") throw error;
      throw new UnsafeEntryError(path, "a folder with content is there already", { cause: error });
    }
  }

  /** In a folder of our own, what is there was made under the same name, unless the file system takes two names for one. */
  #checkCollision(path: string): void {
    if (!this.isOwn || this.#made.has(path)) return;
    throw new UnsafeEntryError(path, "another entry has this name on a file system that tells fewer names apart");
  }
}

/** A path and all above it, the outermost first; the root is not among them. */
function* foldersOf(path: string): Generator<string> {
  if (path === "") return;
  for (let at = path.indexOf("/"); at > 0; at = path.indexOf("/", at + 1)) yield path.slice(0, at);
  yield path;
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT") throw error;
}
