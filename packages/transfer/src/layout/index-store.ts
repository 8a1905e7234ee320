import { type BigIntStats, statSync } from "node:fs";
import { open } from "node:fs/promises";
import { type CallOptions, InvalidManifestError, LimitExceededError } from "@berth/oci";
import { decodeIndex, EMPTY_INDEX, encodeIndex, type LayoutIndex } from "./index-json.ts";
import type { DurableFiles } from "./durable-files.ts";
import { InvalidLayoutError } from "./errors.ts";
import { errnoOf } from "./errno.ts";
import { acquireLock, type HeldLock } from "./file-lock.ts";
import type { LayoutPaths } from "./layout-paths.ts";

/** What {@link IndexStore} needs to know. */
export interface IndexStoreOptions {
  /** Bytes of `index.json`. */
  readonly maxIndexBytes: number;
  /** Entries of `index.json`. */
  readonly maxEntries: number;
  /** Milliseconds that a change waits for other processes. */
  readonly lockTimeoutMs: number;
  /** Whether a file that is missing is the index of an empty layout. */
  readonly mayBeMissing: boolean;
}

/** A change: the same index when there is nothing to change. May throw, which fails this change alone. */
export type IndexChange = (index: LayoutIndex) => LayoutIndex;

interface Pending {
  readonly change: IndexChange;
  resolve(): void;
  reject(error: unknown): void;
}

/** How a file is told from what replaced it. */
const identityOf = ({ ino, mtimeNs, size }: BigIntStats): string => `${ino} ${mtimeNs} ${size}`;

/**
 * `index.json`, read again whenever another process may have changed it. Changes are made under a lock to what is there by then, so none
 * is lost; those that come while one is written are written together.
 */
export class IndexStore {
  readonly #paths: LayoutPaths;
  readonly #files: DurableFiles;
  readonly #options: IndexStoreOptions;
  #known: { readonly identity: string; readonly index: LayoutIndex } | undefined;
  readonly #pending: Pending[] = [];
  #isWriting = false;
  /** Ends the wait for other processes, once nobody here wants to change anything any more. */
  #waiting: AbortController | undefined;

  constructor(paths: LayoutPaths, files: DurableFiles, options: IndexStoreOptions) {
    this.#paths = paths;
    this.#files = files;
    this.#options = options;
  }

  /** What is there now. @throws {InvalidLayoutError} @throws {LimitExceededError} */
  async read({ signal }: CallOptions = {}): Promise<LayoutIndex> {
    signal?.throwIfAborted();
    try {
      const stats = statSync(this.#paths.indexFile, { bigint: true });
      if (this.#known?.identity === identityOf(stats)) return this.#known.index;
      if (!stats.isFile()) throw new InvalidLayoutError(this.#paths.root, "index.json is no file"); // a pipe would not open
      return await this.#readFile();
    } catch (error) {
      if (this.#options.mayBeMissing && errnoOf(error) === "ENOENT") return EMPTY_INDEX;
      throw this.#asLayoutError(error);
    }
  }

  /**
   * Makes a change and waits until it is written. One that is aborted while others have the index is not made; one that is being written is.
   *
   * @throws what `change` throws. @throws {LayoutBusyError}
   */
  async change(change: IndexChange, { signal }: CallOptions = {}): Promise<void> {
    const index = await this.read({ ...(signal && { signal }) });
    if (this.#pending.length === 0 && !this.#isWriting && change(index) === index) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const pending: Pending = { change, resolve, reject };
    const leave = (): void => {
      const at = this.#pending.indexOf(pending);
      if (at < 0) return;
      this.#pending.splice(at, 1);
      reject(signal?.reason);
      if (this.#pending.length === 0) this.#waiting?.abort();
    };
    this.#pending.push(pending);
    signal?.addEventListener("abort", leave, { once: true });
    try {
      if (!this.#isWriting) void this.#write();
      await promise;
    } finally {
      signal?.removeEventListener("abort", leave);
    }
  }

  /** Does something while nobody changes the index. */
  async locked<T>(act: (index: LayoutIndex) => Promise<T>, { signal }: CallOptions = {}): Promise<T> {
    const lock = await this.#lock(signal);
    try {
      return await act(await this.read());
    } finally {
      await lock.release();
    }
  }

  /** Writes the index of an empty layout unless there is one. */
  async create(): Promise<void> {
    const lock = await this.#lock();
    try {
      if (statSync(this.#paths.indexFile, { throwIfNoEntry: false }) === undefined) await this.replace(EMPTY_INDEX);
    } finally {
      await lock.release();
    }
  }

  /** Writes an index under a lock that is held already. */
  async replace(index: LayoutIndex): Promise<void> {
    const text = encodeIndex(index);
    const { maxIndexBytes, maxEntries } = this.#options;
    if (index.items.length > maxEntries)
      throw new LimitExceededError({ what: `index of ${index.items.length} entries`, limit: maxEntries });
    if (Buffer.byteLength(text) > maxIndexBytes) throw new LimitExceededError({ what: "larger index", limit: maxIndexBytes });
    await this.#files.writeWhole(this.#paths.indexFile, text);
    const stats = statSync(this.#paths.indexFile, { bigint: true });
    this.#known = { identity: identityOf(stats), index };
  }

  async #write(): Promise<void> {
    this.#isWriting = true;
    while (this.#pending.length > 0) {
      let taken: readonly Pending[] = [];
      const { signal } = (this.#waiting = new AbortController());
      try {
        const change = async (before: LayoutIndex): Promise<readonly Pending[]> => {
          taken = this.#pending.splice(0);
          const { index, made } = apply(before, taken);
          if (index !== before) await this.replace(index);
          return made;
        };
        for (const { resolve } of await this.locked(change, { signal })) resolve(); // the lock is free by now: the process may end
      } catch (error) {
        const failed = taken.length > 0 || signal.aborted ? taken : this.#pending.splice(0); // who came after the wait ended is to wait anew
        for (const { reject } of failed) reject(error);
      }
    }
    this.#isWriting = false;
  }

  async #lock(signal?: AbortSignal): Promise<HeldLock> {
    const options = { what: `"${this.#paths.indexFile}"`, timeoutMs: this.#options.lockTimeoutMs, ...(signal && { signal }) };
    const lock = await this.#files.within(this.#paths.ingest, () => acquireLock(this.#paths.indexLock, options));
    return {
      release: async () => {
        await lock.release();
        this.#files.leaveIngest(); // what is copied ends with a change of the index
      },
    };
  }

  async #readFile(): Promise<LayoutIndex> {
    await using file = await open(this.#paths.indexFile);
    const stats = await file.stat({ bigint: true });
    const { maxIndexBytes, maxEntries } = this.#options;
    if (stats.size > maxIndexBytes) throw new LimitExceededError({ what: `index of ${stats.size} bytes`, limit: maxIndexBytes });
    const index = decodeIndex(await file.readFile(), maxEntries);
    this.#known = { identity: identityOf(stats), index };
    return index;
  }

  #asLayoutError(error: unknown): unknown {
    if (error instanceof InvalidManifestError) {
      return new InvalidLayoutError(this.#paths.root, error.message.replace("Cannot accept manifest:", "index.json:"), { cause: error });
    }
    if (errnoOf(error) === "ENOENT") return new InvalidLayoutError(this.#paths.root, "it has no index.json", { cause: error });
    return error;
  }
}

function apply(before: LayoutIndex, changes: readonly Pending[]): { readonly index: LayoutIndex; readonly made: readonly Pending[] } {
  let index = before;
  const made = changes.filter(({ change, reject }) => {
    try {
      index = change(index);
      return true;
    } catch (error) {
      reject(error);
      return false;
    }
  });
  return { index, made };
}
