import { dirname } from "node:path";
import { constants } from "node:fs";
import type { FileCalls } from "./calls.ts";
import { errorName } from "./errors.ts";

/** How often a call that loses its folder to a concurrent delete makes it anew. */
const MAX_ATTEMPTS = 20;

/** File systems that cannot flush a folder say one of these; there is nothing better to do on them. */
const CANNOT_FLUSH = new Set(["EINVAL", "ENOTSUP", "ENOSYS"]);

interface Flush {
  readonly running: Promise<void>;
  next: Promise<void> | undefined;
}

interface Unflushed {
  /** `mkdir` calls under way in the folder. */
  making: number;
  changes: number;
}

/**
 * Makes folders when they are needed, removes them when they are empty, and makes their entries durable.
 *
 * A folder that was made counts as lost in a crash until its parent is flushed. `#unflushed` holds the parents that still need it;
 * {@link flush} of any folder below them does that too. So of two calls that need one new folder, the one that did not make it
 * waits for the entry as well.
 */
export class Folders {
  readonly #calls: FileCalls;
  readonly #root: string;
  readonly #unflushed = new Map<string, Unflushed>();
  readonly #flushes = new Map<string, Flush>();
  /** Files being written, by folder. */
  readonly #occupants = new Map<string, number>();

  constructor(calls: FileCalls, root: string) {
    this.#calls = calls;
    this.#root = root;
  }

  /** Runs a call that creates an entry in `folder`, and makes the folder when the call misses it. */
  async within<T>(folder: string, call: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await call();
      } catch (error) {
        if (errorName(error) !== "ENOENT" || attempt === MAX_ATTEMPTS) {
          if (attempt > 1) await this.prune(folder);
          throw error;
        }
      }
      await this.#make(folder);
    }
  }

  /** As {@link within}, for a folder that is most likely not there yet: made first, it costs one call less. */
  async withinNew<T>(folder: string, call: () => Promise<T>): Promise<T> {
    await this.#make(folder);
    try {
      return await this.within(folder, call);
    } catch (error) {
      await this.prune(folder);
      throw error;
    }
  }

  /** Makes the entries in `folder` durable, and the folder itself. Calls at the same time share the work. */
  async flush(folder: string): Promise<void> {
    if (this.#unflushed.size === 0) return this.#flushOne(folder);
    const flushes = [this.#flushOne(folder)];
    for (let child = folder, parent = dirname(child); parent !== child; child = parent, parent = dirname(child)) {
      if (this.#unflushed.has(parent)) flushes.push(this.#flushOne(parent));
    }
    await Promise.all(flushes);
  }

  /**
   * Notes that a file is being written in `folder`, so that it is not empty and need not be tried; the function it returns takes the note
   * back, once.
   */
  occupy(folder: string): () => void {
    this.#occupants.set(folder, (this.#occupants.get(folder) ?? 0) + 1);
    let over = false;
    return () => {
      if (over) return;
      over = true;
      const left = (this.#occupants.get(folder) ?? 1) - 1;
      if (left === 0) this.#occupants.delete(folder);
      else this.#occupants.set(folder, left);
    };
  }

  /** Removes `folder` and its parents as far as they are empty. `rmdir` refuses all others, so no file of a concurrent call is lost. */
  async prune(folder: string): Promise<void> {
    for (let empty = folder; empty !== this.#root && empty.length > this.#root.length; empty = dirname(empty)) {
      if (this.#occupants.has(empty)) return;
      try {
        await this.#calls.rmdir(empty);
      } catch {
        return; // not empty, or another call was faster: either way not ours to remove
      }
      this.#unflushed.delete(empty);
    }
  }

  /** Drops what is noted of a folder that was removed with all it held. */
  forget(folder: string): void {
    for (const path of this.#unflushed.keys()) if (path === folder || path.startsWith(`${folder}/`)) this.#unflushed.delete(path);
  }

  async #make(folder: string): Promise<void> {
    const parent = dirname(folder);
    const unflushed = this.#unflushed.get(parent) ?? { making: 0, changes: 0 };
    this.#unflushed.set(parent, unflushed);
    unflushed.making += 1;
    try {
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await this.#calls.mkdir(folder);
        } catch (error) {
          const name = errorName(error);
          if (name === "EEXIST") return;
          if (name !== "ENOENT" || parent === folder || attempt === MAX_ATTEMPTS) throw error;
        }
        await this.#make(parent);
      }
    } finally {
      unflushed.making -= 1;
      unflushed.changes += 1;
      // a prune of the parent may have dropped the note in the meantime
      this.#unflushed.set(parent, unflushed);
    }
  }

  /** A flush that is under way may have missed our entry: join the one after it. */
  #flushOne(folder: string): Promise<void> {
    const flush = this.#flushes.get(folder);
    if (flush !== undefined)
      return (flush.next ??= flush.running.then(
        () => this.#startFlush(folder),
        () => this.#startFlush(folder),
      ));
    return this.#startFlush(folder);
  }

  #startFlush(folder: string): Promise<void> {
    const flush: Flush = {
      running: this.#fsync(folder).finally(() => {
        if (this.#flushes.get(folder) === flush && flush.next === undefined) this.#flushes.delete(folder);
      }),
      next: undefined,
    };
    this.#flushes.set(folder, flush);
    return flush.running;
  }

  async #fsync(folder: string): Promise<void> {
    const unflushed = this.#unflushed.get(folder);
    const changes = unflushed?.changes;
    let fd: number;
    try {
      fd = await this.#calls.open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
    } catch (error) {
      if (errorName(error) !== "ENOENT") throw error;
      this.#unflushed.delete(folder);
      return; // deleted in the meantime, and with it what was to be kept
    }
    try {
      await this.#calls.fsync(fd);
    } catch (error) {
      if (!CANNOT_FLUSH.has(errorName(error))) throw error;
    } finally {
      this.#calls.closeClean(fd);
    }
    if (unflushed?.making === 0 && unflushed.changes === changes) this.#unflushed.delete(folder);
  }
}
