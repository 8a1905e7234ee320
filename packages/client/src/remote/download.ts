import { setTimeout as delay } from "node:timers/promises";
import { BerthError, type ByteSpan, type CallOptions, SizeMismatchError } from "@berth/oci";
import { createVerifier, type Verifier } from "@berth/oci/node";
import { NetworkError, ProtocolError, ResponseError } from "../errors.ts";
import { reasonOf } from "../transport/network-error.ts";
import type { BlobSource, OpenedSpan, OpenSpanOptions } from "./blob-source.ts";

/** Milliseconds between tries that brought nothing, at most. */
const MAX_DELAY_MS = 5000;

/** Counts of a download. */
export interface DownloadProgress {
  /** Bytes of the blob, or of the part that is fetched, that have come. */
  readonly received: number;
  /** Bytes of it in all. */
  readonly total: number;
}

/** Options of {@link Download}. */
export interface DownloadOptions extends CallOptions {
  /** How often in a row the download is taken up again without a byte having come. */
  readonly retries: number;
  /** Milliseconds before the second try in a row that brought nothing; doubled for each further one. */
  readonly retryDelayMs: number;
  /** Whether the digest is checked; only possible when the span is the whole blob. */
  readonly verify: boolean;
  /** Told of each piece that came, before the reader has it. */
  readonly onProgress?: (progress: DownloadProgress) => void;
  /** As {@link OpenSpanOptions.bulk}, when it is taken up again. */
  readonly bulk?: boolean;
}

/**
 * How far a span of a blob has come. The bytes are counted and hashed as they pass; when the connection breaks, the rest is asked for and
 * the hash goes on.
 */
export class Download {
  readonly #source: BlobSource;
  readonly #span: ByteSpan;
  readonly #options: DownloadOptions;
  readonly #verifier: Verifier | undefined;
  #etag: string | undefined;
  #pageError: OpenedSpan["pageError"];
  /** Where in the blob the next byte for the reader stands. */
  #position: number;
  /** Where in the blob the next byte of the body stands; before the position, bytes are dropped. */
  #bodyPosition = 0;
  #fruitless = 0;
  /** Reading the whole blob again is done once: else a registry without ranges, far away, would have us do it for ever. */
  #startedOver: boolean;
  #wasResumed = false;

  constructor(source: BlobSource, span: ByteSpan, opened: OpenedSpan, options: DownloadOptions) {
    this.#source = source;
    this.#span = span;
    this.#options = options;
    this.#position = span.start;
    const whole = span.start === 0 && span.end === source.target.size;
    this.#verifier = options.verify && whole ? createVerifier(source.target, source) : undefined;
    this.#startedOver = opened.start < span.start;
    this.begin(opened);
  }

  /** True once parts of it came over different connections: when the digest is wrong then, they may not fit together. */
  get wasResumed(): boolean {
    return this.#wasResumed;
  }

  /** True once every byte has come. */
  get isOver(): boolean {
    return this.#position === this.#span.end;
  }

  /** True once every byte has come, though the body goes on: the registry sends the whole blob where a part was wanted. */
  get isEnough(): boolean {
    return this.isOver && this.#span.end < this.#source.target.size;
  }

  /** Call when a body starts. */
  begin({ start, etag, pageError }: OpenedSpan): void {
    this.#bodyPosition = start;
    this.#pageError = pageError;
    this.#etag ??= etag;
  }

  /** The bytes of a chunk that are new and wanted. @throws {SizeMismatchError} when there are more than the blob has. @throws {ProtocolError} when they are a web page's. */
  take(chunk: Uint8Array): Uint8Array {
    const { start: first, end } = this.#span;
    const start = this.#bodyPosition;
    this.#bodyPosition = start + chunk.byteLength;
    let fresh = start < this.#position ? chunk.subarray(this.#position - start) : chunk;
    if (this.#position + fresh.byteLength > end) {
      if (end === this.#source.target.size) throw this.#pageError?.() ?? this.#sizeMismatch(this.#bodyPosition);
      fresh = fresh.subarray(0, end - this.#position); // the registry sends the whole blob: that is more than was wanted
    }
    if (fresh.byteLength === 0) return fresh;
    this.#verifier?.update(fresh);
    this.#position += fresh.byteLength;
    this.#fruitless = 0;
    this.#options.onProgress?.({ received: this.#position - first, total: end - first });
    return fresh;
  }

  /** Call when a body has ended. @throws {SizeMismatchError} when bytes are missing. @throws {ProtocolError} @throws {DigestMismatchError} */
  finish(): void {
    if (!this.isOver) throw this.#pageError?.() ?? this.#sizeMismatch(this.#position);
    this.#verifier?.verify();
  }

  /**
   * Asks for the rest until it comes, or the patience is over. Undefined once `isGivenUp` says that nobody wants it any more.
   *
   * @throws {SizeMismatchError} which tells how much came, and after how many tries; its cause is the last reason.
   */
  async reopen(cause: unknown, isGivenUp: () => boolean = () => false): Promise<OpenedSpan | undefined> {
    const { retries, retryDelayMs, signal, bulk = false } = this.#options;
    const call: OpenSpanOptions = { bulk, retry: "never", ...(signal && { signal }) }; // every failure counts here, and only here
    for (let last = cause; !isGivenUp(); ) {
      if (this.#fruitless >= retries) throw this.#sizeMismatch(this.#position, last);
      const wait = this.#fruitless === 0 ? 0 : Math.min(retryDelayMs * 2 ** (this.#fruitless - 1), MAX_DELAY_MS);
      this.#fruitless++;
      const reason = last instanceof ResponseError ? { status: last.status } : { error: last };
      const again = { retry: this.#fruitless, delayMs: wait, ...reason };
      try {
        if (wait > 0) await delay(wait, undefined, { ref: true, ...(signal && { signal }) });
        const opened = await this.#openRest({ ...call, again });
        this.#wasResumed = true;
        this.begin(opened);
        return opened;
      } catch (error) {
        signal?.throwIfAborted();
        if (!isWorthAnotherTry(error)) throw error;
        last = error;
      }
    }
    return undefined;
  }

  async #openRest(call: OpenSpanOptions): Promise<OpenedSpan> {
    const rest = { start: this.#position, end: this.#span.end };
    try {
      return this.#accept(await this.#source.open(rest, this.#etag, call));
    } catch (error) {
      if (!(error instanceof ProtocolError) || this.#startedOver) throw error; // a part, but not the one asked for
      this.#fruitless++;
      return this.#accept(await this.#source.open({ start: 0, end: this.#source.target.size }, undefined, call));
    }
  }

  #accept(opened: OpenedSpan): OpenedSpan {
    if (opened.start >= this.#position) return opened;
    if (this.#startedOver) {
      opened.body.destroy();
      throw this.#sizeMismatch(this.#position, undefined, "the registry sends the blob from its start only");
    }
    this.#startedOver = true;
    return opened;
  }

  /** Retryable: the same call may succeed when made again. */
  #sizeMismatch(at: number, cause?: unknown, reason = cause === undefined ? undefined : reasonOf(cause)): SizeMismatchError {
    const { start, end } = this.#span;
    const options = {
      cause,
      retryable: at < end,
      from: this.#source.from,
      digest: this.#source.target.digest,
      ...(cause !== undefined && { attempts: this.#fruitless + 1 }),
      ...(reason !== undefined && { reason }),
    };
    return new SizeMismatchError({ expected: end - start, actual: at - start }, options);
  }
}

/** A registry that has given us bytes and takes no connection now is one that starts anew, whatever else a refusal may mean. */
function isWorthAnotherTry(error: unknown): boolean {
  if (error instanceof NetworkError) return true;
  return BerthError.is(error) && error.retryable && error.code !== "ERR_RATE_LIMITED";
}
