import { Readable } from "node:stream";
import type { ByteSpan } from "@berth/oci";
import type { BlobSource, OpenedSpan } from "./blob-source.ts";
import { Download, type DownloadOptions } from "./download.ts";

/** Bytes that wait for a slow reader, besides what the transport holds. */
const READ_AHEAD = 1 << 20;

/**
 * A span of a blob as a stream. It ends only when every byte came and, for a whole blob, the digest is right; else it fails. When the
 * connection breaks, the rest is asked for.
 *
 * Chunks are passed on from event to event: a promise for each would cost more than the hash.
 */
export class DownloadStream extends Readable {
  readonly #download: Download;
  readonly #signal: AbortSignal | undefined;
  #body: Readable | undefined;

  constructor(source: BlobSource, span: ByteSpan, opened: OpenedSpan, options: DownloadOptions) {
    super({ highWaterMark: READ_AHEAD });
    this.#download = new Download(source, span, opened, options);
    this.#signal = options.signal;
    options.signal?.addEventListener("abort", this.#abort, { once: true });
    this.#attach(opened.body);
  }

  /** True once parts of it came over different connections: when the digest is wrong then, they may not fit together. */
  get wasResumed(): boolean {
    return this.#download.wasResumed;
  }

  override _read(): void {
    this.#body?.resume();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#signal?.removeEventListener("abort", this.#abort);
    this.#body?.destroy();
    callback(error);
  }

  readonly #abort = (): void => void this.destroy(asError(this.#signal?.reason));

  #attach(body: Readable): void {
    this.#body = body;
    let over = false;
    const whenOver = (then: () => void) => (): void => {
      if (over || this.#body !== body) return;
      over = true;
      then();
    };
    body.on("data", (chunk: Uint8Array) => this.#take(chunk, body));
    body.once(
      "end",
      whenOver(() => this.#finish()),
    );
    body.once("error", (error: Error) => whenOver(() => this.#broke(error))());
    body.once(
      "close",
      whenOver(() => this.#broke(new Error("the connection was closed"))),
    );
    if (this.readableLength >= READ_AHEAD) body.pause();
    const early = body.errored ?? (body.destroyed ? new Error("the connection was closed") : undefined); // its events are over then
    if (early) process.nextTick(whenOver(() => this.#broke(early)));
  }

  #take(chunk: Uint8Array, body: Readable): void {
    if (this.#body !== body) return;
    try {
      const fresh = this.#download.take(chunk);
      if (fresh.byteLength > 0 && !this.push(fresh)) body.pause();
    } catch (error) {
      return void this.destroy(asError(error));
    }
    if (this.#download.isEnough) this.#finish(); // do not wait for bytes that nobody wants
  }

  #finish(): void {
    const body = this.#body;
    this.#body = undefined;
    if (body !== undefined && !body.readableEnded) body.destroy();
    try {
      this.#download.finish();
    } catch (error) {
      return void this.destroy(asError(error));
    }
    this.push(null);
  }

  #broke(cause: Error): void {
    this.#body = undefined;
    if (this.#download.isOver) return this.#finish(); // all is there, and checked
    this.#resume(cause).catch((error: unknown) => this.destroy(asError(error)));
  }

  async #resume(cause: Error): Promise<void> {
    const opened = await this.#download.reopen(cause, () => this.destroyed);
    if (opened === undefined) return;
    if (this.destroyed) opened.body.destroy();
    else this.#attach(opened.body);
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
