import { once } from "node:events";
import type { Writable } from "node:stream";
import { type ByteSource, bytesSource, type CallOptions } from "@berth/oci";
import { unlessAborted } from "@berth/oci/node";
import { abortable } from "./abortable.ts";
import { checked, startCheck } from "./checked.ts";
import { ArchiveClosedError } from "./errors.ts";
import { readSpan } from "./read-span.ts";
import { createSpool } from "./spool.ts";
import { encodeFileHeader } from "./file-header.ts";
import { padding } from "../image/tar-reader.ts";
import { TAR_END } from "../image/tar-encode.ts";
import type { LastEntry, NewEntry, TarWriter, WriteArchiveOptions } from "./tar-writer.ts";
import { type Turn, Turns } from "./turns.ts";

/** Bytes of a file that waits in memory; larger ones wait on disk. */
const MAX_IN_MEMORY = 1 << 20;

/**
 * Writes an archive to a stream. What was sent cannot be taken back, so each file is checked before its first byte goes out. Files go out
 * in the order in which they were added, whichever is here first: the same calls give the same bytes.
 */
export function createTarStreamWriter(stream: Writable, options: Required<Omit<WriteArchiveOptions, "replaces" | "signal">>): TarWriter {
  return new TarStreamWriter(stream, options);
}

class TarStreamWriter implements TarWriter {
  readonly #stream: Writable;
  readonly #options: Required<Omit<WriteArchiveOptions, "replaces" | "signal">>;
  readonly #entries = new Map<string, Promise<void>>();
  readonly #done = new Set<string>();
  readonly #turns = new Turns();
  /** Ends the wait for a reader that does not read. */
  readonly #givenUp = new AbortController();
  #failure: Error | undefined;
  #closed = false;

  constructor(stream: Writable, options: Required<Omit<WriteArchiveOptions, "replaces" | "signal">>) {
    this.#stream = stream;
    this.#options = options;
    stream.once("error", (error: Error) => (this.#failure ??= error));
    stream.once("close", () => (this.#failure ??= new ArchiveClosedError()));
  }

  async add(entry: NewEntry, content: ByteSource, options: CallOptions = {}): Promise<void> {
    for (let running = this.#entries.get(entry.name); running !== undefined; running = this.#entries.get(entry.name)) {
      await running.catch(() => undefined); // the error is that of who wrote
    }
    this.#mustBeOpen();
    if (this.#done.has(entry.name)) return;
    const running = this.#prepareAndSend(entry, content, options).finally(() => this.#entries.delete(entry.name));
    this.#entries.set(entry.name, running);
    running.catch(() => undefined); // who aborts does not wait for a reader that does not read; what has begun to go out goes on
    await unlessAborted(running, options.signal);
  }

  has(name: string): boolean {
    return this.#done.has(name);
  }

  read(): undefined {
    return undefined; // it is gone
  }

  async finish(last: readonly LastEntry[]): Promise<void> {
    this.#mustBeOpen();
    await Promise.allSettled(this.#entries.values());
    for (const { name, bytes } of last) await this.add({ name, size: bytes.byteLength }, bytesSource(bytes));
    await this.#send(bytesSource(TAR_END));
    this.#closed = true;
  }

  async abort(): Promise<void> {
    this.#closed = true;
    this.#givenUp.abort(new ArchiveClosedError());
    await Promise.allSettled(this.#entries.values());
  }

  #mustBeOpen(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#closed) throw new ArchiveClosedError();
  }

  async #prepareAndSend(entry: NewEntry, content: ByteSource, { signal }: CallOptions): Promise<void> {
    const turn = this.#turns.take();
    try {
      const checkedContent = checked(abortable(content, signal), startCheck(entry));
      if (entry.size <= MAX_IN_MEMORY) {
        const bytes = Buffer.concat(await Array.fromAsync(checkedContent));
        return await this.#sendEntry(turn, entry, bytesSource(bytes), signal);
      }
      const { temporaryFolder, maxSpoolBytes } = this.#options;
      const { file } = await createSpool(checkedContent, { maxBytes: maxSpoolBytes, temporaryFolder, ...(signal && { signal }) });
      try {
        await this.#sendEntry(turn, entry, readSpan(file, 0, entry.size), signal);
      } finally {
        await file.close();
      }
    } finally {
      turn.leave();
    }
  }

  async #sendEntry(turn: Turn, entry: NewEntry, content: ByteSource, signal: AbortSignal | undefined): Promise<void> {
    await turn.wait(signal);
    this.#mustBeOpen(); // from here on the file goes out whole
    await this.#send(bytesSource(encodeFileHeader(entry, this.#options.epoch)));
    await this.#send(content);
    await this.#send(bytesSource(new Uint8Array(padding(entry.size))));
    this.#done.add(entry.name);
  }

  async #send(content: ByteSource): Promise<void> {
    for await (const chunk of content) {
      if (this.#failure !== undefined) throw this.#failure;
      if (!this.#stream.write(chunk)) await this.#drained();
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** A stream that closes instead never drains. */
  async #drained(): Promise<void> {
    this.#givenUp.signal.throwIfAborted();
    const leave = new AbortController();
    const { signal } = leave;
    const closed = once(this.#stream, "close", { signal }).then(() => Promise.reject(this.#failure ?? new ArchiveClosedError()));
    try {
      await unlessAborted(Promise.race([once(this.#stream, "drain", { signal }), closed]), this.#givenUp.signal);
    } finally {
      leave.abort();
      closed.catch(() => undefined);
    }
  }
}
