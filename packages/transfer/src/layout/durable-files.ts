import { closeSync, openSync, renameSync, writeFileSync, writevSync } from "node:fs";
import { open, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { makeFolder } from "@berth/oci/node";
import { coalesced } from "./coalesced.ts";
import { errnoOf, ignoreMissing } from "./errno.ts";
import type { LayoutPaths } from "./layout-paths.ts";
import { removeIfEmpty } from "./remove-if-empty.ts";

/**
 * Whether what was written is flushed to the disk before a call resolves. Neither way shows content half-written, and a killed process loses
 * nothing either way: this is about machines that lose power.
 */
export type Durability = "full" | "none";

/** Bytes of a file that is written without leaving the thread: about as many as are hashed in the time that saves. */
const AT_ONCE = 262_144;

/** How often a folder is made that goes away again, as an empty one may when another process is done. */
const MAX_TRIES = 100;

/** Writes whole files so that each is there complete or not at all. */
export class DurableFiles {
  readonly #paths: LayoutPaths;
  readonly #durability: Durability;
  readonly #flushes = new Map<string, () => Promise<void>>();
  readonly #made = new Map<string, Promise<void>>();

  constructor(paths: LayoutPaths, durability: Durability) {
    this.#paths = paths;
    this.#durability = durability;
  }

  /** True when content is to be flushed. */
  get isFull(): boolean {
    return this.#durability === "full";
  }

  /**
   * Writes a file by way of a temporary one.
   *
   * @param before done when it is written, and not yet in its place: when that fails, it does not come there.
   */
  async writeWhole(path: string, content: readonly Uint8Array[] | string, before?: () => Promise<void>): Promise<void> {
    const temporary = this.#paths.temporary();
    const chunks = typeof content === "string" ? [Buffer.from(content)] : content;
    try {
      await this.within(dirname(temporary), async () => await this.#write(temporary, chunks));
      await before?.();
      await this.publish(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }

  /** Puts a complete file into its place. */
  async publish(from: string, to: string): Promise<void> {
    const folder = dirname(to);
    await this.within(folder, async () => renameSync(from, to)); // waits for no disk
    if (this.isFull) await this.flushFolder(folder);
  }

  /** Does something in a folder, which is made when it turns out to be missing: looking first would cost every call. */
  async within<T>(folder: string, act: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await act();
      } catch (error) {
        if (errnoOf(error) !== "ENOENT" || tries === MAX_TRIES) throw error;
      }
      try {
        await this.makeFolder(folder);
      } catch (error) {
        if (errnoOf(error) !== "EEXIST" || tries === MAX_TRIES) throw error; // it was there, and is gone
      }
    }
  }

  /** Removes `ingest` when nothing is in it. Whoever wants to put something there makes it again: see {@link DurableFiles.within}. */
  leaveIngest(): void {
    removeIfEmpty(this.#paths.ingest);
  }

  /** Makes a folder with all above it; one that is there is success. Calls at the same time share the work. */
  async makeFolder(folder: string): Promise<void> {
    let making = this.#made.get(folder);
    if (making === undefined) {
      making = this.#make(folder).finally(() => this.#made.delete(folder));
      this.#made.set(folder, making);
    }
    await making;
  }

  /** Flushes the names of a folder; calls at the same time share one flush. */
  async flushFolder(folder: string): Promise<void> {
    const flushing = this.#flushes.get(folder) ?? coalesced(async () => await flush(folder));
    this.#flushes.set(folder, flushing);
    await flushing();
  }

  /** Small files go at once: into memory of the system, in less time than a thread takes to be asked for it. */
  async #write(path: string, chunks: readonly Uint8Array[]): Promise<void> {
    if (!this.isFull && sizeOf(chunks) <= AT_ONCE) return writeAtOnce(path, chunks);
    await using file = await open(path, "wx");
    await file.writeFile(chunks);
    if (this.isFull) await file.datasync();
  }

  async #make(folder: string): Promise<void> {
    await makeFolder(folder);
    if (this.isFull && folder !== this.#paths.ingest) await this.flushFolder(dirname(folder)); // nothing in that one has to last
  }
}

function sizeOf(chunks: readonly Uint8Array[]): number {
  return chunks.reduce((size, { byteLength }) => size + byteLength, 0);
}

function writeAtOnce(path: string, chunks: readonly Uint8Array[]): void {
  const file = openSync(path, "wx");
  try {
    let written = chunks.length === 0 ? 0 : writevSync(file, chunks); // all of it, but on a disk that is nearly full
    for (const chunk of chunks) {
      if (written < chunk.byteLength) writeFileSync(file, chunk.subarray(written));
      written = Math.max(0, written - chunk.byteLength);
    }
  } finally {
    closeSync(file);
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
