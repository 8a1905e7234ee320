import { BlobUploadUnknownError } from "@berth/oci";
import { NetworkError, RateLimitedError, ResponseError } from "../../errors.ts";
import { systemClock } from "../../transport/clock.ts";
import { bodyLimitOf, learnBodyLimit } from "./body-limit.ts";
import { ForgottenUploadError, UploadBrokenError, uploadFault } from "./fault.ts";
import type { UploadSession } from "./session.ts";
import type { Span } from "./span.ts";

/** Failures in a row, without any byte having moved, after which an upload is given up. */
const MAX_FAILURES = 5;
/** How often a registry that shows none of what was sent is asked again, after a cut, before that is sent anew. */
const MAX_ASKS = 3;
/** Bytes that a chunk is not cut below when a proxy refuses larger ones. */
const SMALLEST_CHUNK = 65_536;
const MAX_WAIT_MS = 60_000;

/** Milliseconds to wait before an upload goes on after the `failures`-th failure in a row. */
export type UploadBackoff = (failures: number) => number;

/** 200 ms, twice as long each time, up to 10 s, and by chance up to a quarter less so that many clients do not come back at once. */
export const defaultBackoff: UploadBackoff = (failures) => Math.min(10_000, 100 * 2 ** failures) * (1 - Math.random() / 4);

/** What {@link ChunkSender} needs. */
export interface ChunkSenderOptions {
  /** Bytes of a request; raised to what the registry wants at least. */
  readonly chunkSize: number;
  readonly backoff: UploadBackoff;
  readonly signal: AbortSignal | undefined;
}

/** Sends bytes to an upload in chunks. When one is cut off or refused it asks where the upload stands and goes on from there. */
export class ChunkSender {
  readonly #session: UploadSession;
  readonly #backoff: UploadBackoff;
  readonly #signal: AbortSignal | undefined;
  #chunkSize: number;
  /** Whether a chunk was too large: that smaller ones pass is worth remembering. */
  #wasRefused = false;
  /** In a row, without the registry having got further than ever before. */
  #failures = 0;
  #furthest: number;
  /** What the upload broke off with, without the registry having got further since. */
  #interruption: unknown;

  constructor(session: UploadSession, { chunkSize, backoff, signal }: ChunkSenderOptions) {
    this.#session = session;
    this.#backoff = backoff;
    this.#signal = signal;
    this.#chunkSize = chunkSize;
    this.#furthest = session.held;
  }

  /** Bytes of a request as far as known. */
  get chunkSize(): number {
    const limit = bodyLimitOf(this.#session.route.connection) ?? Number.POSITIVE_INFINITY;
    return Math.max(Math.min(this.#chunkSize, limit), this.#session.minChunkSize);
  }

  /** Sends what of `span` the registry does not hold yet. `onHeld` hears how far the registry is after each chunk. */
  async send(span: Span, onHeld?: (held: number) => void): Promise<void> {
    const session = this.#session;
    while (session.held < span.end) {
      const from = session.held;
      if (from < span.start) throw this.#broken("lost bytes of the upload that it had taken");
      const to = Math.min(span.end, from + this.chunkSize);
      let answered = true;
      try {
        await session.append(span.read(from, to), to - from, this.#signal);
        if (this.#wasRefused) learnBodyLimit(session.route.connection, this.chunkSize);
      } catch (error) {
        answered = false;
        await this.#afterChunk(error, span, to - from);
      }
      // Taken, and yet not held: that may happen once or twice, but not for ever.
      if (answered && session.held <= this.#furthest && ++this.#failures > MAX_FAILURES) {
        throw this.#broken("takes bytes and does not keep them");
      }
      this.#noteProgress();
      onHeld?.(session.held);
    }
    if (session.held > span.end) throw this.#broken("says that the upload has more bytes than were sent");
  }

  /**
   * Deals with a failed request: waits, and finds out where the upload stands. A registry often hears later than we do that a connection is
   * cut, and until then counts nothing of what came over it: when it shows nothing at all it is asked again.
   *
   * @throws the error itself when it is none that passes, or when there were too many; of an upload that is lost after it had broken off,
   * one that tells both.
   */
  async recover(error: unknown): Promise<void> {
    for (let current = error; ; ) {
      this.#signal?.throwIfAborted();
      if (current instanceof BlobUploadUnknownError && this.#interruption !== undefined) {
        throw new ForgottenUploadError(current, this.#interruption);
      }
      if (uploadFault(current) !== "interrupted" || ++this.#failures > MAX_FAILURES) throw current;
      this.#interruption ??= current;
      await this.#wait(this.#failures, current);
      try {
        await this.#session.relocate(current, this.#signal);
        for (let asks = 1; current instanceof NetworkError && this.#session.showsNothing && asks <= MAX_ASKS; asks++) {
          await this.#wait(asks);
          await this.#session.locate(this.#signal, "never");
        }
        this.#noteProgress();
        return;
      } catch (next) {
        if (next instanceof RateLimitedError) throw next;
        const isRefusal = next instanceof ResponseError && uploadFault(next) === "fatal";
        current = isRefusal ? this.#broken("does not say how far the upload is", error) : next;
      }
    }
  }

  /** Takes note that a request of `size` bytes was too large for something on the way, and makes chunks smaller than it; false when they cannot be. */
  refuse(size: number): boolean {
    this.#wasRefused = true;
    if (size > this.chunkSize) return true;
    const smaller = Math.max(Math.floor(size / 4), SMALLEST_CHUNK, this.#session.minChunkSize);
    if (smaller >= size) return false;
    this.#chunkSize = Math.min(this.#chunkSize, smaller);
    return true;
  }

  #noteProgress(): void {
    const { held } = this.#session;
    if (held > this.#furthest) {
      this.#failures = 0;
      this.#interruption = undefined;
    }
    this.#furthest = Math.max(this.#furthest, held);
  }

  async #afterChunk(error: unknown, span: Span, size: number): Promise<void> {
    if (span.failure !== undefined) throw span.failure;
    if (uploadFault(error) === "too-large" && this.refuse(size)) return;
    await this.recover(error);
  }

  async #wait(times: number, error?: unknown): Promise<void> {
    const asked = error instanceof ResponseError ? (error.retryAfterMs ?? 0) : 0;
    const ms = Math.max(this.#backoff(times), Math.min(asked, MAX_WAIT_MS));
    if (ms > 0) await systemClock.sleep(ms, this.#signal);
  }

  #broken(what: string, cause?: unknown): UploadBrokenError {
    const { url, route } = this.#session;
    const failure = { operation: "push blob", method: "PATCH", url: url.origin + url.pathname, cause };
    return new UploadBrokenError(`Cannot push blob: registry "${route.connection.registry}" ${what}`, failure);
  }
}
