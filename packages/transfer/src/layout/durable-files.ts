import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { errnoOf, ignoreMissing } from "./errno.ts";
import type { LayoutPaths } from "./layout-paths.ts";

/**
 * Whether what was written is flushed to the disk before a call resolves. Neither way shows content half-written, and a killed process loses
 * nothing either way: this is about machines that lose power.
 */
export type Durability = "full" | "none";

/** The flush of a folder that runs, and the one after it, which has not begun. */
interface FolderFlush {
  running?: Promise<void> | undefined;
  next?: Promise<void> | undefined;
}

/** Writes whole files so that each is there complete or not at all. */
export class DurableFiles {
  readonly #paths: LayoutPaths;
  readonly #durability: Durability;
  readonly #flushes = new Map<string, FolderFlush>();
  readonly #made = new Map<string, Promise<void>>();

  constructor(paths: LayoutPaths, durability: Durability) {
    this.#paths = paths;
    this.#durability = durability;
  }

  /** True when content is to be flushed. */
  get isFull(): boolean {
    return this.#durability === "full";
  }

  /** Writes a file by way of a temporary one. */
  async writeWhole(path: string, bytes: Uint8Array | string): Promise<void> {
    const temporary = this.#paths.temporary();
    try {
      await this.within(dirname(temporary), async () => {
        await using file = await open(temporary, "wx");
        await file.writeFile(bytes);
        if (this.isFull) await file.datasync();
      });
      await this.publish(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }

  /** Puts a complete file into its place. */
  async publish(from: string, to: string): Promise<void> {
    const folder = dirname(to);
    await this.within(folder, () => rename(from, to));
    if (this.isFull) await this.flushFolder(folder);
  }

  /** Does something in a folder, which is made when it turns out to be missing: looking first would cost every call. */
  async within<T>(folder: string, act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      if (errnoOf(error) !== "ENOENT") throw error;
    }
    await this.makeFolder(folder);
    return await act();
  }

  async makeFolder(folder: string): Promise<void> {
    let making = this.#made.get(folder);
    if (making === undefined) {
      making = this.#make(folder).finally(() => this.#made.delete(folder));
      this.#made.set(folder, making);
    }
    await making;
  }

  /** Flushes the names of a folder. Who asks while one flush runs shares the next: it covers them all. */
  async flushFolder(folder: string): Promise<void> {
    const state = this.#flushes.get(folder) ?? {};
    this.#flushes.set(folder, state);
    state.next ??= (async () => {
      await state.running?.catch(() => undefined); // who asked for that one hears of its error
      state.running = state.next;
      state.next = undefined;
      await flush(folder);
    })();
    await state.next;
  }

  async #make(folder: string): Promise<void> {
    await mkdir(folder, { recursive: true });
    if (this.isFull) await this.flushFolder(dirname(folder));
  }
}

/** Folders cannot be opened or flushed everywhere; where they cannot, the system does it by itself. */
async function flush(folder: string): Promise<void> {
  try {
    await using handle = await open(folder, "r");
    await handle.sync();
  } catch (error) {
    const code = errnoOf(error);
    if (code !== "EINVAL" && code !== "EISDIR" && code !== "EPERM" && code !== "ENOTSUP") ignoreMissing(error);
  }
}
