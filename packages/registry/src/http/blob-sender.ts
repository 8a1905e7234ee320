import type { ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import type { ByteRange } from "@berth/oci";
import type { OpenFile } from "@berth/storage";
import type { OpenBlob } from "../domain/blob-content.ts";

/** Sizes of read buffers by how many downloads run: few get large ones, many do not use up the memory. */
const LARGE = { downloads: 8, bytes: 1 << 20 };
const MEDIUM = { downloads: 64, bytes: 256 * 1024 };
const SMALL_BYTES = 64 * 1024;

/** Large buffers kept for the next download. */
const MAX_POOLED = 2 * LARGE.downloads;

/** Sends blob bodies. One for a server: it shares the read buffers among its downloads. */
export class BlobSender {
  #downloads = 0;
  readonly #pool: Buffer[] = [];

  /** Sends a part of a blob that is not in memory as the rest of an answer whose head is out. Rejects when the client or the storage fails. */
  async send(response: ServerResponse, blob: OpenBlob, range: ByteRange): Promise<void> {
    if (blob.file === undefined) {
      await pipeline(await blob.stream({ offset: range.start, length: range.end - range.start + 1 }), response);
      return;
    }
    this.#downloads++;
    const buffers = this.#takeTwo(range.end - range.start + 1);
    try {
      await pump(response, blob.file, range, buffers);
      this.#giveBack(buffers); // not after a failure: a read or write may still be at work in them
    } finally {
      this.#downloads--;
    }
  }

  #takeTwo(length: number): readonly [Buffer, Buffer] {
    const step = this.#downloads <= LARGE.downloads ? LARGE.bytes : this.#downloads <= MEDIUM.downloads ? MEDIUM.bytes : SMALL_BYTES;
    const size = Math.min(step, Math.max(length, 1));
    const take = (): Buffer => (size === LARGE.bytes ? this.#pool.pop() : undefined) ?? Buffer.allocUnsafeSlow(size);
    return [take(), take()];
  }

  #giveBack(buffers: readonly Buffer[]): void {
    for (const buffer of buffers) if (buffer.byteLength === LARGE.bytes && this.#pool.length < MAX_POOLED) this.#pool.push(buffer);
  }
}

/** Reads into one buffer while the other is on its way to the socket; a buffer is filled again only when the socket is done with it. */
async function pump(response: ServerResponse, file: OpenFile, range: ByteRange, [first, second]: readonly [Buffer, Buffer]): Promise<void> {
  let position = range.start;
  let filling = first;
  let sending = second;
  let sent: Promise<void> = Promise.resolve();
  while (position <= range.end) {
    const wanted = Math.min(filling.byteLength, range.end + 1 - position);
    const count = await file.read(wanted === filling.byteLength ? filling : filling.subarray(0, wanted), position);
    if (count === 0) throw new Error("stored bytes end before the blob does");
    await sent;
    [filling, sending] = [sending, filling];
    sent = write(response, sending.subarray(0, count));
    sent.catch(() => undefined); // awaited before the next write or below, after a read that may fail first
    position += count;
  }
  await sent;
  response.end();
}

/** Resolves when the socket is done with the chunk. */
function write(response: ServerResponse, chunk: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const gone = (): void => reject(new Error("the client went away"));
    if (response.destroyed) {
      gone();
      return;
    }
    response.once("close", gone);
    response.write(chunk, (error) => {
      response.off("close", gone);
      if (error) reject(error);
      else resolve();
    });
  });
}
