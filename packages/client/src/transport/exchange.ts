import { Readable } from "node:stream";
import { BerthError } from "@berth/oci";
import type { Dispatcher } from "undici";
import { type InterimAnswers, interimAnswers } from "./interim-answers.ts";
import { networkError, truncatedError } from "./network-error.ts";
import { type SendingBody, sendingBody } from "./sending-body.ts";
import type { PassingReads, ReadsWatch } from "./passing-reads.ts";
import { type StallTimer, stallTimer } from "./stall-timer.ts";
import { headerValue, type ResponseHeaders, type TransportRequest, type TransportResponse } from "./transport.ts";

/** Bytes of a response that are held for a slow reader. */
const READ_AHEAD = 262_144;

/** What an exchange needs to know of the connection it runs on. */
export interface ExchangeOptions {
  /** Milliseconds from the end of the request until the headers of the answer, whatever comes before them; 0: no limit. */
  readonly headersTimeoutMs: number;
  /** Milliseconds without a byte of the request going out; 0: no limit. */
  readonly sendStallMs: number;
  /** Milliseconds without a byte of the answer coming in; 0: no limit. */
  readonly readStallMs: number;
  /** Milliseconds without a byte that end an answer which came before the request had gone; 0: no limit. */
  readonly earlyAnswerTimeoutMs: number;
  /** True for the error of a connection that had served other requests before. */
  readonly wasReused: (error: Error) => boolean;
  /** The reads of a connection that serves this request alone, and is closed after it. */
  readonly reads?: PassingReads;
  /** Called once the exchange is over, however it ended. */
  readonly onFinish?: () => void;
}

/** The connection had been idle and was closed by the other side just as it was used again: nothing was answered. */
export class IdleRaceError extends Error {
  constructor(cause: Error) {
    super("an idle connection was closed as it was used again", { cause });
    this.name = "IdleRaceError";
  }
}

/** One request on the wire: what undici tells of it becomes a response, its body and their errors. */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly response: Promise<TransportResponse>;
  /** Undefined: the request has no body. */
  readonly sending: SendingBody | undefined;
  readonly #request: TransportRequest;
  readonly #options: ExchangeOptions;
  readonly #sendStall: StallTimer;
  #readStall: StallTimer;
  readonly #interim: InterimAnswers;
  readonly #settle: PromiseWithResolvers<TransportResponse>;
  #controller: Dispatcher.DispatchController | undefined;
  #body: Readable | undefined;
  #expected: number | undefined;
  #startedAt = 0;
  #received = 0;
  #answered = false;
  #ended = false;
  /** Why we gave up, before undici says that it did. */
  #reason: { readonly error: unknown } | undefined;

  constructor(request: TransportRequest, options: ExchangeOptions) {
    this.#request = request;
    this.#options = options;
    this.#settle = Promise.withResolvers();
    this.response = this.#settle.promise;
    this.#sendStall = this.#stallTimer(options.sendStallMs);
    this.#readStall = this.#stallTimer(options.readStallMs);
    this.#interim = interimAnswers(options.headersTimeoutMs, (error) => this.#giveUp(error));
    this.sending = request.body === undefined ? undefined : sendingBody(request.body, this.#sendStall);
    request.signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  readonly #onAbort = (): void => this.#giveUp(this.#request.signal?.reason);

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    this.#startedAt = performance.now();
    if (this.#reason !== undefined) controller.abort(asError(this.#reason.error)); // it waited for a connection meanwhile
  }

  /** When the request had gone, at the latest; undefined: some of it has not. */
  get #sentAt(): number | undefined {
    if (this.sending === undefined) return this.#startedAt;
    return this.sending.isWhole ? performance.now() : undefined;
  }

  onResponseStarted(): void {
    this.#answered = true;
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: ResponseHeaders): void {
    if (status < 200) return this.#interim.came(this.#sentAt); // 103 and the like: the answer is still to come
    this.#interim.stop();
    if (status >= 300) this.#stopSending();
    const { method } = this.#request;
    const length = method === "HEAD" || status === 204 || status === 304 ? undefined : headerValue(headers, "content-length");
    if (length !== undefined) this.#expected = Number(length);
    const body = new Readable({
      highWaterMark: READ_AHEAD,
      read: () => {
        if (!this.#ended) this.#readStall.waiting();
        controller.resume();
      },
      destroy: (error, callback) => {
        this.#finish();
        if (!this.#ended) controller.abort(error ?? new Error("the response was not wanted any more"));
        callback(error);
      },
    });
    body.on("error", () => {}); // whoever reads it sees the error; nobody may be reading yet, or any more
    this.#body = body;
    const passing = this.#passing(body, status, headers);
    if (passing !== undefined) controller.pause(); // until somebody wants the body, one way or the other
    this.#settle.resolve({ status, headers, body, request: this.#request, ...(passing && { passing }) });
  }

  /** The parser stands behind the head: from there on bytes may go past it. The connection has done its work then. */
  #passing(body: Readable, status: number, headers: ResponseHeaders): (() => AsyncGenerator<Uint8Array, void>) | undefined {
    const { reads } = this.#options;
    const size = this.#expected;
    if (reads === undefined || size === undefined || status >= 300 || headers["transfer-encoding"] !== undefined) return undefined;
    const watch: ReadsWatch = {
      moved: (bytes) => {
        this.#received += bytes;
        this.#readStall.moved();
      },
      waiting: () => this.#readStall.waiting(),
    };
    return async function* () {
      body.once("error", (error) => reads.fail(error));
      body.once("close", () => reads.fail(new Error("the response was not wanted any more"))); // whoever closed it
      if (body.errored !== null) throw body.errored;
      try {
        yield* reads.take(size, watch);
      } finally {
        body.destroy();
      }
    };
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#received += chunk.byteLength;
    this.#readStall.moved();
    if (this.#body?.push(chunk) === false) controller.pause();
    else this.#readStall.waiting();
  }

  onResponseEnd(): void {
    this.#ended = true;
    this.#readStall.moved();
    this.sending?.close();
    // undici takes the connection back one turn later. A reader that sends its next request at the end of this body would open a
    // second connection; so the end comes after that turn.
    queueMicrotask(() => setImmediate(() => this.#body?.push(null)));
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.sending?.close();
    this.#ended = true;
    if (this.#body !== undefined) this.#body.destroy(asError(this.#failure(error)));
    else {
      this.#finish();
      this.#settle.reject(this.#failure(error));
    }
  }

  /** The rest of the body is wanted no more. A server that ends its answer only when it has got everything would wait as we do. */
  #stopSending(): void {
    if (this.sending === undefined || this.sending.isWhole) return;
    this.sending.stop();
    const { readStallMs, earlyAnswerTimeoutMs } = this.#options;
    const limits = [readStallMs, earlyAnswerTimeoutMs].filter((limit) => limit > 0);
    if (limits.length > 0) this.#readStall = this.#stallTimer(Math.min(...limits));
  }

  #stallTimer(timeoutMs: number): StallTimer {
    return stallTimer(timeoutMs, (error) => this.#giveUp(error));
  }

  /** Ends the exchange from our side. */
  #giveUp(error: unknown): void {
    if (this.#reason !== undefined || this.#ended) return;
    this.#reason = { error };
    if (this.#body !== undefined) this.#body.destroy(asError(this.#failure(error)));
    else {
      this.#finish();
      this.#settle.reject(this.#failure(error));
      this.#controller?.abort(asError(error));
    }
    this.sending?.close();
  }

  /** The error that the caller sees for what undici saw. */
  #failure(error: unknown): unknown {
    const cause = this.#reason === undefined ? error : this.#reason.error;
    const { signal } = this.#request;
    if (signal?.aborted && cause === signal.reason) return cause;
    if (this.sending?.failure !== undefined && cause === this.sending.failure) return cause; // the source's own error, not the network's
    if (BerthError.is(cause)) return cause; // certificates that cannot be used, say
    if (this.#body !== undefined) return truncatedError(this.#request, { expected: this.#expected, actual: this.#received }, cause);
    if (!this.#answered && cause instanceof Error && this.#options.wasReused(cause)) return new IdleRaceError(cause);
    return networkError(this.#request, cause);
  }

  #finish(): void {
    this.#options.onFinish?.();
    this.#sendStall.stop();
    this.#readStall.stop();
    this.#interim.stop();
    this.#request.signal?.removeEventListener("abort", this.#onAbort);
  }
}

/** Streams are destroyed with errors only; a reason to abort can be anything. */
function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error("aborted", { cause: reason });
}
