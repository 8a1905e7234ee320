import { BerthError } from "@berth/oci";
import { type Backoff, createBackoff } from "./backoff.ts";
import type { TransportRequest, TransportResponse } from "./transport.ts";

/** How one sending of a request went: with a response, or with an error. */
export interface RetryOutcome {
  readonly request: TransportRequest;
  /** Absent: there was an error instead. */
  readonly response?: TransportResponse;
  /** What there was instead of a response. */
  readonly error?: unknown;
}

/** Says whether the request may succeed when sent again. Must not touch the response's body. */
export type RetryPredicate = (outcome: RetryOutcome) => boolean;

/** When, how often and how long after a failure a request is sent again. */
export interface RetryPolicy {
  /** Retries at most; 0: each request is sent once; `Infinity`: no limit. */
  readonly maxRetries: number;
  readonly backoff: Backoff;
  readonly shouldRetry: RetryPredicate;
  /**
   * Milliseconds that a `Retry-After` of a 429 or 503 may ask for; when it asks for more, the call fails with `RateLimitedError`.
   * `Infinity`: no limit; undefined: that header is not looked at.
   */
  readonly maxRetryAfterMs?: number | undefined;
}

/** Retries answers with one of these statuses. */
export function retryOnStatuses(...statuses: readonly number[]): RetryPredicate {
  const set = new Set(statuses);
  return ({ response }) => response !== undefined && set.has(response.status);
}

/** Retries requests that got no answer when the reason may pass: connections that were cut, timeouts. Not: refused, unknown name, TLS. */
export function retryOnErrors(): RetryPredicate {
  return ({ error }) => BerthError.is(error) && error.code === "ERR_NETWORK" && error.retryable;
}

/** Retries what any of the predicates would. */
export function retryOnAny(...predicates: readonly RetryPredicate[]): RetryPredicate {
  return (outcome) => predicates.some((predicate) => predicate(outcome));
}

/** Statuses from 500 that no retry makes better: not implemented, HTTP version, login to a network. */
const LASTING: ReadonlySet<number> = new Set([501, 505, 511]);

/** Retries 408, 429, 499 and 500 upwards except 501, 505 and 511, and errors as {@link retryOnErrors} does. */
export const defaultRetryPredicate: RetryPredicate = retryOnAny(
  retryOnStatuses(408, 429, 499),
  ({ response }) => response !== undefined && response.status >= 500 && !LASTING.has(response.status),
  retryOnErrors(),
);

/** Five retries, 250 ms doubled each time, give or take 10 %, at most 3 s; `Retry-After` up to a minute. */
export const DEFAULT_RETRY_POLICY: RetryPolicy = {
  maxRetries: 5,
  backoff: createBackoff({ initialMs: 250, factor: 2, jitter: [-0.1, 0.1], minMs: 200, maxMs: 3000 }),
  shouldRetry: defaultRetryPredicate,
  maxRetryAfterMs: 60_000,
};

/** What go-containerregistry's `transport.NewRetry` does unless told otherwise: three sends, errors only. */
export const GGCR_TRANSPORT_RETRY_POLICY: RetryPolicy = {
  maxRetries: 2,
  backoff: createBackoff({ initialMs: 100, factor: 3, jitter: [0, 0.1] }),
  shouldRetry: retryOnErrors(),
  maxRetryAfterMs: undefined,
};

/** What go-containerregistry's `remote` package passes to it: three sends, slower, statuses too. */
export const GGCR_REMOTE_RETRY_POLICY: RetryPolicy = {
  maxRetries: 2,
  backoff: createBackoff({ initialMs: 1000, factor: 3, jitter: [0, 0.1] }),
  shouldRetry: retryOnAny(retryOnErrors(), retryOnStatuses(408, 429, 499, 500, 502, 503, 504, 522)),
  maxRetryAfterMs: undefined,
};
