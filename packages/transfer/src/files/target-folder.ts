import { lstat, link, mkdir, readdir, realpath, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { ByteSource, CallOptions, Descriptor } from "@berth/oci";
import { makeFolder } from "@berth/oci/node";
import { errnoOf, ignoreMissing } from "../layout/errno.ts";
import { FileExistsError, UnsafeTitleError } from "./errors.ts";
import {
  removeUnfinishedFiles,
  removeUnfinishedFolders,
  type Unfinished,
  type UnfinishedFolderOptions,
  writeUnfinishedFile,
  writeUnfinishedFolder,
} from "./unfinished.ts";

/** What happens to files that are there already. */
export type OldFiles = "replace" | "keep";

/** Where a file or folder goes. */
export interface PlaceInFolder {
  /** As it was given. */
  readonly title: string;
  /** The same, clean. */
  readonly parts: readonly string[];
}

/**
 * The folder that files are pulled into. Nothing is written through a link: each folder on the way to a file was seen to be a real one. This
 * holds against whatever titles say, not against another process that exchanges folders for links meanwhile.
 */
export class TargetFolder {
  readonly #path: string;
  readonly #oldFiles: OldFiles;
  #root: Promise<string> | undefined;

  constructor(path: string, oldFiles: OldFiles) {
    this.#path = path;
    this.#oldFiles = oldFiles;
  }

  /**
   * Writes a file at a title; the target is made when it is not there. What came of one that does not come whole stays under another name,
   * and the next file with this content goes on with it.
   *
   * @returns where it is. @throws {DigestMismatchError} @throws {SizeMismatchError} @throws {UnsafeTitleError} @throws {FileExistsError}
   */
  async writeFile({ title, parts }: PlaceInFolder, expected: Descriptor, content: ByteSource, call: CallOptions): Promise<string> {
    const unfinished = await writeUnfinishedFile(await this.#open(), expected, content, call);
    return await orRemoved(unfinished, async () => await this.#publishFile(unfinished, title, parts));
  }

  /** Writes a packed folder at a title; into one that is there, its files are moved one by one. @throws as {@link writeUnfinishedFolder} */
  async writeFolder(
    { title, parts }: PlaceInFolder,
    expected: Descriptor,
    content: ByteSource,
    options: Omit<UnfinishedFolderOptions, "name">,
  ): Promise<void> {
    const unfinished = await writeUnfinishedFolder(await this.#open(), expected, content, { ...options, name: parts.join("/") });
    await orRemoved(unfinished, async () => {
      await this.#merge(unfinished.path, await this.#place(title, parts), title);
      await unfinished.remove();
    });
  }

  /** Removes what was left of files that nobody asked for since. */
  async removeUnfinishedFiles(): Promise<void> {
    if (this.#root !== undefined) await removeUnfinishedFiles(await this.#root); // else: nothing was written
  }

  /** What is at a title: a path, unless there is nothing or the way there leads through something that is no folder. */
  async find(parts: readonly string[]): Promise<string | undefined> {
    const root = await realpath(this.#path).catch(ignoreMissing);
    if (root === undefined) return undefined;
    let path = root;
    for (const part of parts.slice(0, -1)) {
      path = join(path, part);
      const stats = await lstat(path).catch(ignoreMissing);
      if (stats?.isDirectory() !== true) return undefined;
    }
    path = join(path, parts.at(-1) ?? "");
    return (await lstat(path).catch(ignoreMissing)) === undefined ? undefined : path;
  }

  /** @throws {FileExistsError} when something is at a title that is to be kept: before anything is fetched. */
  async checkFree(title: string, parts: readonly string[]): Promise<void> {
    if (this.#oldFiles === "keep" && (await this.find(parts)) !== undefined) throw new FileExistsError(title);
  }

  /** Checks that a title can get its place as things are. Nothing is made. @throws {UnsafeTitleError} when something stands in its way. */
  async check(title: string, parts: readonly string[], isFolder: boolean): Promise<void> {
    let path = await realpath(this.#path).catch(ignoreMissing);
    for (const [at, part] of parts.entries()) {
      if (path === undefined) return;
      path = join(path, part);
      const there = await lstat(path).catch(ignoreMissing);
      if (there === undefined) return;
      const isLast = at === parts.length - 1;
      if (!isLast && !there.isDirectory()) throw new UnsafeTitleError(title, `"${part}" is no folder`);
      if (isLast && !isFolder && there.isDirectory()) throw new UnsafeTitleError(title, "a folder has that name");
      if (isLast && isFolder && !there.isDirectory()) throw new UnsafeTitleError(title, "a file and a folder have the same name");
    }
  }

  /** Puts a finished file into its place. @returns where it is. @throws {UnsafeTitleError} @throws {FileExistsError} */
  async #publishFile({ path: temporary }: Unfinished, title: string, parts: readonly string[]): Promise<string> {
    const path = await this.#place(title, parts);
    if (this.#oldFiles === "keep") {
      await link(temporary, path).catch((error: unknown) => {
        throw errnoOf(error) === "EEXIST" ? new FileExistsError(title, { cause: error }) : error;
      });
      await rm(temporary);
      return path;
    }
    const there = await lstat(path).catch(ignoreMissing);
    if (there?.isDirectory() === true) throw new UnsafeTitleError(title, "a folder has that name");
    await rename(temporary, path);
    return path;
  }

  async #merge(from: string, to: string, title: string): Promise<void> {
    const there = await lstat(to).catch(ignoreMissing);
    if (there === undefined) return await rename(from, to);
    if (this.#oldFiles === "keep") throw new FileExistsError(title);
    const isFolder = (await lstat(from)).isDirectory();
    if (isFolder !== there.isDirectory()) throw new UnsafeTitleError(title, "a file and a folder have the same name");
    if (!isFolder) return await rename(from, to);
    for (const name of await readdir(from)) await this.#merge(join(from, name), join(to, name), `${title}/${name}`);
  }

  /** The path of a title, all folders above it being real ones; missing ones are made. */
  async #place(title: string, parts: readonly string[]): Promise<string> {
    let path = await this.#open();
    for (const part of parts.slice(0, -1)) {
      path = join(path, part);
      await mkdir(path).catch((error: unknown) => {
        if (errnoOf(error) !== "EEXIST") throw error;
      });
      if (!(await lstat(path)).isDirectory()) throw new UnsafeTitleError(title, `"${part}" is no folder`);
    }
    return join(path, parts.at(-1) ?? "");
  }

  async #open(): Promise<string> {
    this.#root ??= this.#make();
    return await this.#root;
  }

  async #make(): Promise<string> {
    await makeFolder(this.#path);
    await removeUnfinishedFolders(this.#path);
    return await realpath(this.#path);
  }
}

/** Puts what is finished into its place. What has none goes. */
async function orRemoved<T>(unfinished: Unfinished, publish: () => Promise<T>): Promise<T> {
  try {
    return await publish();
  } catch (error) {
    await unfinished.remove();
    throw error;
  }
}
