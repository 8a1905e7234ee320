import { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { BerthError, type ByteSpan, type CallOptions, SizeMismatchError } from "@berth/oci";
import { createVerifier, type Verifier } from "@berth/oci/node";
import { ProtocolError } from "../errors.ts";
import type { BlobSource, OpenedSpan } from "./blob-source.ts";

/** Bytes that wait for a slow reader, besides what the transport holds. */
const READ_AHEAD = 1 << 20;

/** Milliseconds before the second try in a row that brought nothing; doubled for each further one. */
const FIRST_DELAY_MS = 250;
const MAX_DELAY_MS = 5000;

/** Counts of a download. */
export interface DownloadProgress {
  /** Bytes of the blob, or of the part that is fetched, that have come. */
  readonly received: number;
  /** Bytes of it in all. */
  readonly total: number;
}

/** Options of {@link DownloadStream}. */
export interface DownloadOptions extends CallOptions {
  /** How often in a row the download is taken up again without a byte having come. */
  readonly retries: number;
  /** Whether the digest is checked; only possible when the span is the whole blob. */
  readonly verify: boolean;
  readonly onProgress?: (progress: DownloadProgress) => void;
}

/**
 * A span of a blob as a stream. The bytes are hashed as they pass; when the connection breaks, the rest is asked for and the hash goes
 * on. It ends only when every byte came and, for a whole blob, the digest is right; else it fails.
 *
 * Chunks are passed on from event to event: a promise for each would cost more than the hash.
 */
export class DownloadStream extends Readable {
  readonly #source: BlobSource;
  readonly #span: ByteSpan;
  readonly #options: DownloadOptions;
  readonly #verifier: Verifier | undefined;
  #body: Readable | undefined;
  #etag: string | undefined;
  /** Where in the blob the next byte for the reader stands. */
  #position: number;
  /** Where in the blob the next byte of the body stands; before the position, bytes are dropped. */
  #bodyPosition = 0;
  #fruitless = 0;
  /** Reading the whole blob again is done once: else a registry without ranges, far away, would have us do it for ever. */
  #startedOver = false;
  #wasResumed = false;

  constructor(source: BlobSource, span: ByteSpan, opened: OpenedSpan, options: DownloadOptions) {
    super({ highWaterMark: READ_AHEAD });
    this.#source = source;
    this.#span = span;
    this.#options = options;
    this.#position = span.start;
    const whole = span.start === 0 && span.end === source.target.size;
    this.#verifier = options.verify && whole ? createVerifier(source.target, source) : undefined;
    this.#startedOver = opened.start < span.start;
    options.signal?.addEventListener("abort", this.#abort, { once: true });
    this.#attach(opened);
  }

  /** True once parts of it came over different connections: when the digest is wrong then, they may not fit together. */
  get wasResumed(): boolean {
    return this.#wasResumed;
  }

  override _read(): void {
    this.#body?.resume();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#options.signal?.removeEventListener("abort", this.#abort);
    this.#body?.destroy();
    callback(error);
  }

  readonly #abort = (): void => void this.destroy(asError(this.#options.signal?.reason));

  #attach(opened: OpenedSpan): void {
    const { body, start, etag } = opened;
    this.#body = body;
    this.#bodyPosition = start;
    this.#etag ??= etag;
    let over = false;
    const whenOver = (then: () => void) => (): void => {
      if (over || this.#body !== body) return;
      over = true;
      then();
    };
    body.on("data", (chunk: Uint8Array) => this.#take(chunk, body));
    body.once(
      "end",
      whenOver(() => this.#end()),
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
    let fresh = chunk;
    const start = this.#bodyPosition;
    this.#bodyPosition = start + chunk.byteLength;
    if (start < this.#position) {
      fresh = chunk.subarray(this.#position - start);
      if (fresh.byteLength === 0) return;
    }
    const { end } = this.#span;
    if (this.#position + fresh.byteLength > end) {
      if (end === this.#source.target.size) return void this.destroy(this.#sizeMismatch(this.#bodyPosition));
      fresh = fresh.subarray(0, end - this.#position); // the registry sends the whole blob: that is more than was wanted
    }
    try {
      this.#verifier?.update(fresh);
      const { start: first } = this.#span;
      this.#options.onProgress?.({ received: this.#position + fresh.byteLength - first, total: end - first });
    } catch (error) {
      return void this.destroy(asError(error));
    }
    this.#position += fresh.byteLength;
    this.#fruitless = 0;
    if (fresh.byteLength > 0 && !this.push(fresh)) body.pause();
    if (this.#position === end && end < this.#source.target.size) this.#finish(); // do not wait for bytes that nobody wants
  }

  #end(): void {
    if (this.#position < this.#span.end) this.destroy(this.#sizeMismatch(this.#position));
    else this.#finish();
  }

  #finish(): void {
    const body = this.#body;
    this.#body = undefined;
    if (body !== undefined && !body.readableEnded) body.destroy();
    try {
      this.#verifier?.verify();
    } catch (error) {
      return void this.destroy(asError(error));
    }
    this.push(null);
  }

  #broke(cause: Error): void {
    this.#body = undefined;
    if (this.#position === this.#span.end) return this.#finish(); // all is there, and checked
    this.#resume(cause).catch((error: unknown) => this.destroy(asError(error)));
  }

  /** Asks for the rest until it comes, or the patience is over. */
  async #resume(cause: Error): Promise<void> {
    const { retries, signal } = this.#options;
    const call = signal === undefined ? {} : { signal };
    for (let last: unknown = cause; !this.destroyed; ) {
      if (this.#fruitless >= retries) throw this.#sizeMismatch(this.#position, last);
      const wait = this.#fruitless === 0 ? 0 : Math.min(FIRST_DELAY_MS * 2 ** (this.#fruitless - 1), MAX_DELAY_MS);
      this.#fruitless++;
      try {
        if (wait > 0) await delay(wait, undefined, { ref: true, ...call });
        const opened = await this.#reopen(call);
        this.#wasResumed = true;
        if (this.destroyed) opened.body.destroy();
        else this.#attach(opened);
        return;
      } catch (error) {
        signal?.throwIfAborted();
        if (!BerthError.is(error) || !error.retryable) throw error;
        last = error;
      }
    }
  }

  async #reopen(call: CallOptions): Promise<OpenedSpan> {
    const rest = { start: this.#position, end: this.#span.end };
    try {
      return this.#accept(await this.#source.open(rest, this.#etag, call));
    } catch (error) {
      if (!(error instanceof ProtocolError) || this.#startedOver) throw error; // a part, but not the one asked for
      return this.#accept(await this.#source.open({ start: 0, end: this.#source.target.size }, undefined, call));
    }
  }

  #accept(opened: OpenedSpan): OpenedSpan {
    if (opened.start >= this.#position) return opened;
    if (this.#startedOver) {
      opened.body.destroy();
      throw this.#sizeMismatch(this.#position);
    }
    this.#startedOver = true;
    return opened;
  }

  /** Retryable: the same call may succeed when made again. */
  #sizeMismatch(at: number, cause?: unknown): SizeMismatchError {
    const { start, end } = this.#span;
    return new SizeMismatchError({ expected: end - start, actual: at - start }, { cause, retryable: at < end, from: this.#source.from });
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
