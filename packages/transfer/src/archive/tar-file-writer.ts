import { type FileHandle, open, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { type ByteSource, type ByteSpan, type CallOptions, DigestMismatchError, isReplayable, SizeMismatchError } from "@berth/oci";
import { removeAbandonedBeside, unfinishedBeside } from "@berth/oci/node";
import { abortable } from "./abortable.ts";
import { checked, startCheck } from "./checked.ts";
import { ArchiveClosedError } from "./errors.ts";
import { readSpan } from "./read-span.ts";
import { encodeFileHeader } from "./file-header.ts";
import { putInPlace, type Replaced } from "./put-in-place.ts";
import { padding } from "../image/tar-reader.ts";
import { TAR_END } from "../image/tar-encode.ts";
import type { LastEntry, NewEntry, TarWriter } from "./tar-writer.ts";
import { openToWrite, writeAll } from "./write-all.ts";

/** Bytes moved at once when a gap is closed. */
const MOVE = 1 << 20;

/** A place in the file for one entry. */
interface Region {
  readonly entry: NewEntry;
  readonly header: Buffer;
  /** Where the header starts. */
  start: number;
  /** Bytes of content on disk, from the first on. */
  written: number;
  done: boolean;
  /** Set while somebody writes. */
  running: Promise<void> | undefined;
}

/**
 * Writes an archive beside its place. Sizes are known beforehand, so every file has its own region from the start and many are written at
 * the same time, in one pass; a region that was never filled is closed up at the end.
 * What others put there meanwhile is not written over. What a process left there that was killed over the same archive goes away.
 */
export async function createTarFileWriter(path: string, replaced: Replaced, epoch: number): Promise<TarWriter> {
  await removeAbandonedBeside(path);
  const temporary = unfinishedBeside(path);
  return new TarFileWriter(await open(temporary, "wx+"), temporary, path, replaced, epoch);
}

class TarFileWriter implements TarWriter {
  readonly #file: FileHandle;
  readonly #temporary: string;
  readonly #path: string;
  readonly #replaced: Replaced;
  readonly #epoch: number;
  /** In the order of the file. */
  readonly #regions = new Map<string, Region>();
  #end = 0;
  #closed = false;

  constructor(file: FileHandle, temporary: string, path: string, replaced: Replaced, epoch: number) {
    this.#file = file;
    this.#temporary = temporary;
    this.#path = path;
    this.#replaced = replaced;
    this.#epoch = epoch;
  }

  async add(entry: NewEntry, content: ByteSource, options: CallOptions = {}): Promise<void> {
    this.#mustBeOpen();
    options.signal?.throwIfAborted();
    const region = this.#regionOf(entry);
    while (region.running !== undefined) await region.running.catch(() => undefined); // the error is that of who wrote
    if (region.done) return;
    this.#mustBeOpen();
    region.running = this.#fill(region, content, options).finally(() => {
      region.running = undefined;
    });
    await region.running;
  }

  has(name: string): boolean {
    return this.#regions.get(name)?.done === true;
  }

  read(name: string, span: ByteSpan, signal?: AbortSignal): AsyncIterable<Uint8Array> | undefined {
    const region = this.#regions.get(name);
    if (region?.done !== true || this.#closed) return undefined;
    const start = region.start + region.header.byteLength;
    return readSpan(this.#file, start + span.start, start + span.end, signal);
  }

  async finish(last: readonly LastEntry[]): Promise<void> {
    this.#mustBeOpen();
    try {
      await this.#closeGaps();
      for (const { name, bytes } of last) await this.add({ name, size: bytes.byteLength }, one(bytes));
      await writeAll(this.#file, this.#end, one(TAR_END));
      await this.#file.truncate(this.#end + TAR_END.byteLength);
      await this.#file.sync();
      this.#closed = true;
      await this.#file.close();
      await putInPlace(this.#temporary, this.#path, this.#replaced);
      await syncFolder(dirname(this.#path));
    } catch (error) {
      this.#closed = false;
      await this.abort();
      throw error;
    }
  }

  async abort(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#settled();
    await this.#file.close();
    await rm(this.#temporary, { force: true });
  }

  async #settled(): Promise<void> {
    await Promise.allSettled([...this.#regions.values()].map(async ({ running }) => await running));
  }

  #mustBeOpen(): void {
    if (this.#closed) throw new ArchiveClosedError();
  }

  #regionOf(entry: NewEntry): Region {
    if (!Number.isSafeInteger(entry.size) || entry.size < 0)
      throw new RangeError(`Cannot write "${entry.name}": its size is ${entry.size}`);
    const there = this.#regions.get(entry.name);
    if (there !== undefined && there.entry.size !== entry.size) {
      throw new SizeMismatchError({ expected: there.entry.size, actual: entry.size });
    }
    if (there !== undefined) return there;
    const header = encodeFileHeader(entry, this.#epoch);
    const region: Region = { entry, header, start: this.#end, written: 0, done: false, running: undefined };
    this.#end += sizeOf(region);
    this.#regions.set(entry.name, region);
    return region;
  }

  /** Goes on where an earlier try ended; when that gives something else than was expected, all is read once more. */
  async #fill(region: Region, content: ByteSource, options: CallOptions): Promise<void> {
    const resumed = region.written > 0 && isReplayable(content);
    try {
      await this.#write(region, content, options);
    } catch (error) {
      if (!(error instanceof DigestMismatchError)) throw error;
      region.written = 0;
      if (!resumed) throw error;
      await this.#write(region, content, options);
    }
  }

  async #write(region: Region, content: ByteSource, { signal }: CallOptions): Promise<void> {
    const { entry, header, start } = region;
    const from = isReplayable(content) ? region.written : 0;
    region.written = from;
    const dataStart = start + header.byteLength;
    const check = startCheck(entry);
    for await (const chunk of readSpan(this.#file, dataStart, dataStart + from, signal)) check.update(chunk);
    const { source, isPassing } = openToWrite(content, from);
    const wrote = (bytes: number): void => {
      region.written += bytes;
      this.#mustBeOpen();
    };
    await writeAll(this.#file, dataStart + from, checked(abortable(source, signal), check), {
      isPassing,
      wrote,
      ...(signal && { signal }),
    });
    await writeAll(this.#file, dataStart + entry.size, one(new Uint8Array(padding(entry.size))));
    await writeAll(this.#file, start, one(header));
    region.done = true;
  }

  /** Moves entries down over regions that were given up. */
  async #closeGaps(): Promise<void> {
    await this.#settled();
    this.#end = 0;
    for (const [name, region] of this.#regions) {
      if (!region.done) {
        this.#regions.delete(name);
        continue;
      }
      if (region.start > this.#end) await this.#move(region.start, this.#end, sizeOf(region));
      region.start = this.#end;
      this.#end += sizeOf(region);
    }
  }

  async #move(from: number, to: number, length: number): Promise<void> {
    for (let at = 0; at < length; at += MOVE) {
      const size = Math.min(MOVE, length - at);
      await writeAll(this.#file, to + at, readSpan(this.#file, from + at, from + at + size));
    }
  }
}

/** Bytes that a region takes in the file. */
function sizeOf({ header, entry }: Region): number {
  return header.byteLength + entry.size + padding(entry.size);
}

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** Makes a new name last. Some systems cannot, and need not. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const folder = await open(path);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
