import type { Stats } from "node:fs";
import { DriverError } from "../errors.ts";
import type { FileCalls } from "./calls.ts";
import { driverError, FILESYSTEM } from "./errors.ts";

/**
 * An open file. `close` waits for calls under way: closing the bare descriptor under them could let them read or write a
 * file that another call opened in the meantime under the same number.
 */
export class File {
  /** The key, for errors. */
  readonly path: string;
  readonly #calls: FileCalls;
  readonly #fd: number;
  #busy = 0;
  /** Written to since the last flush began. */
  #isDirty = false;
  #closed: Promise<void> | undefined;
  #idle: (() => void) | undefined;

  constructor(calls: FileCalls, fd: number, path: string) {
    this.#calls = calls;
    this.#fd = fd;
    this.path = path;
  }

  /** Fills `into` as far as there are bytes; 0 at the end. */
  read(into: Uint8Array, position: number): Promise<number> {
    return this.#use((fd) => this.#calls.read(fd, into, position));
  }

  /** Another descriptor of the same file, whatever is at its path by now. Linux only. */
  reopen(flags: number): Promise<number> {
    return this.#use((fd) => this.#calls.open(`/proc/self/fd/${fd}`, flags));
  }

  /** See `fs.fstat`. */
  stat(): Promise<Stats> {
    return this.#use((fd) => this.#calls.fstat(fd));
  }

  /** Cuts or extends the file to `size` bytes. */
  truncate(size: number): Promise<void> {
    this.#isDirty = true;
    return this.#use((fd) => this.#calls.truncate(fd, size));
  }

  /** Flushes the content. */
  fdatasync(): Promise<void> {
    return this.#flush((fd) => this.#calls.fdatasync(fd));
  }

  /** Flushes the content and what is known of the file. */
  fsync(): Promise<void> {
    return this.#flush((fd) => this.#calls.fsync(fd));
  }

  /** Writes all the bytes from `position`, however many calls that takes; returns how many there were. */
  write(content: Uint8Array | readonly Uint8Array[], position: number): Promise<number> {
    this.#isDirty = true;
    return this.#use((fd) =>
      content instanceof Uint8Array ? this.#writeOne(fd, content, position) : this.#writeMany(fd, content, position),
    );
  }

  close(): Promise<void> {
    this.#closed ??= this.#closeWhenIdle();
    return this.#closed;
  }

  async #closeWhenIdle(): Promise<void> {
    if (this.#busy > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
    if (this.#isDirty) await this.#calls.close(this.#fd);
    else this.#calls.closeClean(this.#fd);
  }

  async #flush(call: (fd: number) => Promise<void>): Promise<void> {
    const wasDirty = this.#isDirty;
    this.#isDirty = false; // a write from now on may be missed by the flush
    try {
      await this.#use(call);
    } catch (error) {
      this.#isDirty ||= wasDirty;
      throw error;
    }
  }

  async #use<T>(call: (fd: number) => Promise<T>): Promise<T> {
    if (this.#closed !== undefined)
      throw new DriverError(`Cannot use path "${this.path}": the file is closed`, { driver: FILESYSTEM, path: this.path });
    this.#busy += 1;
    try {
      return await call(this.#fd);
    } catch (error) {
      throw driverError(error, this.path);
    } finally {
      this.#busy -= 1;
      if (this.#busy === 0) this.#idle?.();
    }
  }

  async #writeOne(fd: number, chunk: Uint8Array, position: number): Promise<number> {
    let rest = chunk;
    while (rest.byteLength > 0) {
      const written = await this.#calls.write(fd, rest, position + chunk.byteLength - rest.byteLength);
      rest = rest.subarray(this.#checked(written));
    }
    return chunk.byteLength;
  }

  async #writeMany(fd: number, chunks: readonly Uint8Array[], position: number): Promise<number> {
    let total = 0;
    for (const chunk of chunks) total += chunk.byteLength;
    let done = 0;
    let rest = chunks;
    while (done < total) {
      const written = this.#checked(await this.#calls.writev(fd, rest, position + done));
      done += written;
      if (done < total) rest = withoutFirst(rest, written);
    }
    return total;
  }

  /** Guards the loops against a file system that takes nothing and says so forever. */
  #checked(written: number): number {
    if (written > 0) return written;
    throw new DriverError(`Cannot write path "${this.path}": the file system took no bytes`, { driver: FILESYSTEM, path: this.path });
  }
}

function withoutFirst(chunks: readonly Uint8Array[], bytes: number): Uint8Array[] {
  const rest: Uint8Array[] = [];
  let skip = bytes;
  for (const chunk of chunks) {
    if (skip >= chunk.byteLength) {
      skip -= chunk.byteLength;
      continue;
    }
    rest.push(skip === 0 ? chunk : chunk.subarray(skip));
    skip = 0;
  }
  return rest;
}
