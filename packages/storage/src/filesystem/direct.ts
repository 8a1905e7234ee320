import { pageMemory } from "@berth/oci/node";
import { DriverError } from "../errors.ts";
import type { FileCalls } from "./calls.ts";
import { driverError, errorName, FILESYSTEM } from "./errors.ts";
import type { File } from "./file.ts";

/** Bytes of one write past the page cache. */
export const SLOT: number = 1024 * 1024;
const MAX_SLOTS = 32;

/** Place, length and memory of such a write are multiples of this; no file system that takes them asks for more. */
const BLOCK = 4096;

/**
 * Memory for writes past the page cache, shared by all writers of a driver: at most 32 MiB, and only as much as is used at a time.
 */
export class SlotPool {
  #free: Uint8Array[] | undefined;

  /** None when all are taken: then write through the cache. */
  take(): Uint8Array | undefined {
    this.#free ??= allocate();
    return this.#free.pop();
  }

  /** Takes a slot back that {@link SlotPool.take} gave. */
  give(slot: Uint8Array): void {
    this.#free?.push(slot);
  }
}

function allocate(): Uint8Array[] {
  const memory = pageMemory(SLOT * MAX_SLOTS);
  if (memory === undefined) return []; // writes go through the cache
  return Array.from({ length: MAX_SLOTS }, (_, index) => memory.subarray(index * SLOT, (index + 1) * SLOT));
}

/**
 * Writes a long file past the page cache. A pushed layer is flushed before it is acknowledged anyhow, so the cache only costs: three quarters
 * of the processor time of a write, and the pages of files that are being pulled.
 *
 * Bytes are gathered in a slot while the one before is written. What does not fill whole blocks, at the start and the end, goes through the
 * cache, by the same file opened without `O_DIRECT`; `flush` writes all that was gathered, and the caller then flushes that file.
 */
export class DirectWrites {
  readonly #calls: FileCalls;
  readonly #pool: SlotPool;
  readonly #file: File;
  readonly #fd: number;
  #slot: Uint8Array | undefined;
  /** Place of the slot in the file. */
  #start = 0;
  #filled = 0;
  #writing: Promise<void> = Promise.resolve();
  #failure: unknown;
  #closed = false;

  /** @param fd The file opened with `O_DIRECT`. @param file The same without. */
  constructor(calls: FileCalls, pool: SlotPool, fd: number, file: File) {
    this.#calls = calls;
    this.#pool = pool;
    this.#fd = fd;
    this.#file = file;
  }

  /** Takes bytes that follow those of the last call. An error may be of an earlier call; none succeeds after it. */
  async write(content: Uint8Array | readonly Uint8Array[], position: number): Promise<number> {
    let end = position;
    for (const chunk of content instanceof Uint8Array ? [content] : content) {
      for (let rest = chunk; rest.byteLength > 0; ) {
        this.#expectNoFailure();
        const taken = this.#gather(rest, end) ?? (await this.#writePlain(rest, end));
        end += taken;
        rest = rest.subarray(taken);
        if (this.#filled === SLOT) await this.#startWriting();
      }
    }
    return end - position;
  }

  /** Writes what was gathered. */
  async flush(): Promise<void> {
    await this.#writing;
    this.#expectNoFailure();
    const slot = this.#slot;
    if (slot === undefined) return;
    const whole = this.#filled - (this.#filled % BLOCK);
    try {
      await this.#writeDirect(slot.subarray(0, whole), this.#start);
      await this.#file.write(slot.subarray(whole, this.#filled), this.#start + whole);
    } catch (error) {
      this.#failure = error;
      throw error;
    } finally {
      this.#release(slot);
    }
  }

  /** Lets go, without writing what was gathered since the last flush. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#writing;
    if (this.#slot !== undefined) this.#release(this.#slot);
    await this.#calls.close(this.#fd);
  }

  /** Copies into the slot as much as fits; undefined when there is no slot, or the place is not one where a slot can start. */
  #gather(bytes: Uint8Array, position: number): number | undefined {
    if (this.#slot === undefined) {
      if (position % BLOCK !== 0) return undefined;
      this.#slot = this.#pool.take();
      if (this.#slot === undefined) return undefined;
      this.#start = position;
      this.#filled = 0;
    }
    const taken = bytes.subarray(0, SLOT - this.#filled);
    this.#slot.set(taken, this.#filled);
    this.#filled += taken.byteLength;
    return taken.byteLength;
  }

  /** Up to the place where the next slot can start. */
  async #writePlain(bytes: Uint8Array, position: number): Promise<number> {
    const toBlock = position % BLOCK === 0 ? SLOT : BLOCK - (position % BLOCK);
    return this.#file.write(bytes.subarray(0, toBlock), position);
  }

  async #startWriting(): Promise<void> {
    const slot = this.#slot;
    if (slot === undefined) return;
    await this.#writing;
    const start = this.#start;
    this.#slot = undefined;
    this.#filled = 0;
    this.#writing = this.#writeDirect(slot, start)
      .catch((error: unknown) => {
        this.#failure = error;
      })
      .finally(() => this.#pool.give(slot));
  }

  async #writeDirect(bytes: Uint8Array, position: number): Promise<void> {
    let written = 0;
    try {
      if (bytes.byteLength > 0) written = await this.#calls.write(this.#fd, bytes, position);
    } catch (error) {
      // some file systems let files be opened so and then refuse the write
      if (errorName(error) !== "EINVAL") throw driverError(error, this.#file.path);
    }
    // less than asked on a disk that is nearly full: the rest need not be whole blocks
    await this.#file.write(bytes.subarray(written), position + written);
  }

  #release(slot: Uint8Array): void {
    this.#slot = undefined;
    this.#filled = 0;
    this.#pool.give(slot);
  }

  #expectNoFailure(): void {
    if (this.#failure === undefined) return;
    const { path } = this.#file;
    if (this.#failure instanceof DriverError) throw this.#failure;
    throw new DriverError(`Cannot write path "${path}"`, { driver: FILESYSTEM, path, cause: this.#failure });
  }
}
