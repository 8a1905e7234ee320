import { operationOf } from "./network-error.ts";
import { parseRateLimit, type RateLimit } from "./rate-limit.ts";
import { redactUrl } from "./redact.ts";
import { parseRetryAfter } from "./retry-after.ts";
import { headerValue, type TransportLayer } from "./transport.ts";

/** A request that is about to be sent. Holds no secret. */
export interface RequestEvent {
  /** Counts requests through this layer from 1; the same in the events of one request. */
  readonly id: number;
  /** What it is for, in words that fit behind "Cannot": `push blob`. */
  readonly operation: string;
  readonly method: string;
  /** Without user information, and without the values of queries that may be secret. */
  readonly url: string;
  /** Bytes of the body; absent: none, or unknown. */
  readonly bodySize?: number;
}

/** How a request went: with a status, or with an error. The body is still to come. */
export interface ResponseEvent extends RequestEvent {
  /** Milliseconds from the sending to the response's headers, or to the error. */
  readonly durationMs: number;
  /** HTTP status; absent: there was no answer. */
  readonly status?: number;
  /** `Content-Type`, when the answer has it. */
  readonly contentType?: string;
  /** Bytes of the body, when the answer says it. */
  readonly contentLength?: number;
  /** How much may still be asked for, when the answer says it. */
  readonly rateLimit?: RateLimit;
  /** Milliseconds that a refusal (429, 503) asks to wait. */
  readonly retryAfterMs?: number;
  /** What there was instead of an answer. */
  readonly error?: unknown;
}

/** Called for what happens on the wire. What they throw is the failure of the request: let them not throw. */
export interface TransportHooks {
  /** Before a request is sent; default: nothing is told. */
  readonly onRequest?: (event: RequestEvent) => void;
  /** Once its headers are there, or it has failed; default: nothing is told. */
  readonly onResponse?: (event: ResponseEvent) => void;
}

/**
 * Tells hooks of every request that is sent, retries and redirects included when it lies below their layers. Fails as the transport below it
 * does, or with what a hook throws.
 */
export function hooksLayer(hooks: TransportHooks): TransportLayer {
  let count = 0;
  return (inner) => async (request) => {
    const event: RequestEvent = {
      id: ++count,
      operation: operationOf(request),
      method: request.method,
      url: redactUrl(request.url),
      ...(request.body?.size !== undefined && { bodySize: request.body.size }),
    };
    hooks.onRequest?.(event);
    const began = performance.now();
    try {
      const response = await inner(request);
      const contentType = headerValue(response.headers, "content-type");
      const contentLength = headerValue(response.headers, "content-length");
      const rateLimit = parseRateLimit(response.headers);
      const isRefused = response.status === 429 || response.status === 503;
      const retryAfterMs = isRefused ? parseRetryAfter(headerValue(response.headers, "retry-after"), Date.now()) : undefined;
      hooks.onResponse?.({
        ...event,
        durationMs: performance.now() - began,
        status: response.status,
        ...(contentType !== undefined && { contentType }),
        ...(contentLength !== undefined && { contentLength: Number(contentLength) }),
        ...(rateLimit !== undefined && { rateLimit }),
        ...(retryAfterMs !== undefined && { retryAfterMs }),
      });
      return response;
    } catch (error) {
      hooks.onResponse?.({ ...event, durationMs: performance.now() - began, error });
      throw error;
    }
  };
}
