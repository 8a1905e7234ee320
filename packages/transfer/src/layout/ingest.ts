import { constants } from "node:fs";
import { open, rm, stat } from "node:fs/promises";
import { type ByteSource, type CallOptions, type Descriptor, type Digest, isReplayable } from "@berth/oci";
import { readChunksVerified, unlessAborted } from "@berth/oci/node";
import { discardSource } from "../memory/discard-source.ts";
import { fillFile, isWrongContent } from "../fill-file.ts";
import type { BlobFiles } from "./blob-files.ts";
import type { DurableFiles } from "./durable-files.ts";
import { LayoutBusyError } from "./errors.ts";
import { ignoreMissing } from "./errno.ts";
import { acquireLock, type HeldLock } from "./file-lock.ts";
import type { LayoutPaths } from "./layout-paths.ts";

/** Bytes up to which content is gathered in memory and written at one go; beyond, what came before a push stopped is kept. */
const SMALL = 1 << 20;

/**
 * Brings content into a layout. Large content is hashed while it is written to `ingest/<algorithm>-<hex>`; a push that finds such a file
 * hashes it, opens its source at the end of it, and goes on. Nothing but the file is needed for that: its length is the offset, its name
 * the digest that tells in the end whether the parts fit together.
 */
export class Ingest {
  readonly #paths: LayoutPaths;
  readonly #files: DurableFiles;
  readonly #blobs: BlobFiles;
  readonly #running = new Map<Digest, Promise<void>>();

  constructor(paths: LayoutPaths, files: DurableFiles, blobs: BlobFiles) {
    this.#paths = paths;
    this.#files = files;
    this.#blobs = blobs;
  }

  /**
   * Stores content unless it is there. Of several pushes of the same content in this process one works, the others wait for it, and take
   * over when it fails.
   */
  async push(expected: Descriptor, content: ByteSource, { signal }: CallOptions = {}): Promise<void> {
    for (;;) {
      signal?.throwIfAborted();
      if (await this.#blobs.keep(expected)) return discardSource(content);
      const running = this.#running.get(expected.digest);
      if (running === undefined) break;
      const settled = running.catch(() => undefined); // its error is for the call that does it
      await unlessAborted(settled, signal);
    }
    const work = expected.size <= SMALL ? this.#pushSmall(expected, content, signal) : this.#pushLarge(expected, content, signal);
    this.#running.set(expected.digest, work);
    try {
      await work;
    } finally {
      this.#running.delete(expected.digest);
    }
  }

  async #pushSmall(expected: Descriptor, content: ByteSource, signal: AbortSignal | undefined): Promise<void> {
    const chunks = await readChunksVerified(content, expected, { maxBytes: SMALL, ...(signal && { signal }) });
    signal?.throwIfAborted();
    await this.#files.writeWhole(this.#paths.blob(expected.digest), chunks);
  }

  async #pushLarge(expected: Descriptor, content: ByteSource, signal: AbortSignal | undefined): Promise<void> {
    const path = this.#paths.partial(expected.digest);
    const lock = await this.#lock(path, expected.digest, isReplayable(content) ? Number.POSITIVE_INFINITY : 0, signal);
    if (lock === undefined) return await this.#pushInto(this.#paths.temporary(), expected, content, { signal, keep: 0 });
    try {
      if (await this.#blobs.keep(expected)) return discardSource(content); // another process was faster
      const isTaken = !isReplayable(content) && (await sizeOf(path)) > 0; // what is there is worth more than this may come to
      if (isTaken) await this.#pushInto(this.#paths.temporary(), expected, content, { signal, keep: 0 });
      else await this.#pushInto(path, expected, content, { signal, keep: SMALL });
      if (isTaken) await rm(path, { force: true });
    } finally {
      await lock.release();
    }
  }

  /** Content that can be opened anew waits for another process that writes it; a stream that is open already does not. */
  async #lock(path: string, digest: Digest, timeoutMs: number, signal: AbortSignal | undefined): Promise<HeldLock | undefined> {
    const options = { what: `"${digest}"`, timeoutMs, ...(signal && { signal }) };
    try {
      return await this.#files.within(this.#paths.ingest, () => acquireLock(`${path}.lock`, options));
    } catch (error) {
      if (error instanceof LayoutBusyError) return undefined;
      throw error;
    }
  }

  /** Writes content by way of a file; when that stops half-way the file stays if it is longer than `keep` bytes. */
  async #pushInto(path: string, expected: Descriptor, content: ByteSource, { signal, keep }: PushIntoOptions): Promise<void> {
    const file = await this.#files.within(this.#paths.ingest, () => open(path, constants.O_RDWR | constants.O_CREAT));
    try {
      await fillFile(file, expected, content, signal);
      if (this.#files.isFull) await file.datasync();
    } catch (error) {
      if (keep === 0 || isWrongContent(error) || (await file.stat()).size <= keep) await rm(path, { force: true });
      throw error;
    } finally {
      await file.close();
    }
    await this.#files.publish(path, this.#paths.blob(expected.digest));
  }
}

interface PushIntoOptions {
  readonly signal: AbortSignal | undefined;
  /** Bytes; 0: the file never stays. */
  readonly keep: number;
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(ignoreMissing))?.size ?? 0;
}
