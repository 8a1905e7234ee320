import { NetworkError } from "../errors.ts";
import { wholeNumber } from "../number-option.ts";
import { rateLimitedError } from "./check-response.ts";
import { type Clock, systemClock } from "./clock.ts";
import { drain } from "./drain.ts";
import { HostGate } from "./host-gate.ts";
import { operationOf } from "./network-error.ts";
import { redactUrl } from "./redact.ts";
import { parseRetryAfter } from "./retry-after.ts";
import { DEFAULT_RETRY_POLICY, type RetryOutcome, type RetryPolicy } from "./retry-policy.ts";
import { headerValue, type Transport, type TransportLayer, type TransportRequest, type TransportResponse } from "./transport.ts";

/** One more sending of a request that is about to be waited for, or of the rest of a download that broke off. */
export interface RetryEvent {
  /** What it is for, in words that fit behind "Cannot": `push blob`. */
  readonly operation: string;
  readonly method: string;
  /** Without secrets. */
  readonly url: string;
  /** Counts from 1; of a download, from the last byte that came. */
  readonly retry: number;
  /** Milliseconds until it is sent; of a download, those that were waited. */
  readonly delayMs: number;
  /** Of the answer that was not good enough. */
  readonly status?: number;
  /** What there was instead of an answer. */
  readonly error?: unknown;
}

/** A host asked to slow down, and all requests to it wait. */
export interface SlowdownEvent {
  /** Host, with its port if it has one: of a registry, or of a token server or a store of blobs. */
  readonly host: string;
  /** Milliseconds until it is asked again. */
  readonly delayMs: number;
  /** Of the answer that said it: 429, or 503. */
  readonly status: number;
}

/** Options of {@link retryLayer}. */
export interface RetryOptions {
  /** Replaces parts of `DEFAULT_RETRY_POLICY`; what is undefined stays, but for `maxRetryAfterMs`. */
  readonly policy?: Partial<RetryPolicy>;
  /** Told before each wait. What it throws is the failure of the request. */
  readonly onRetry?: (event: RetryEvent) => void;
  /** Told of each answer that makes all requests to a host wait, also those that are still to come. What it throws is the failure of the request. */
  readonly onSlowdown?: (event: SlowdownEvent) => void;
  /** Default the system's. */
  readonly clock?: Clock;
  /** Numbers from 0 to below 1; default `Math.random`. */
  readonly random?: () => number;
}

/**
 * Sends requests again that failed for a reason that may pass. A request whose body can be read only once is sent once: its failed answer
 * is returned. Between retries answers are drained; the last one is returned with its body to be read. When a host asks to slow down (429,
 * or 503 with `Retry-After`), all requests through this layer to that host wait.
 *
 * @throws {RangeError} on a number of the policy that is none.
 * Its transport @throws {RateLimitedError} when a host wants us to wait longer than the policy allows. @throws {NetworkError} which says
 * how often it was tried.
 */
export function retryLayer(options: RetryOptions = {}): TransportLayer {
  const policy = policyOf(options.policy);
  const { clock = systemClock, random = Math.random, onRetry, onSlowdown } = options;
  const gate = new HostGate(clock, random);

  return (inner) => async (request) => {
    const maxRetries = request.retry === "never" || request.body?.replayable === false ? 0 : policy.maxRetries;
    for (let sends = 1; ; sends++) {
      await gate.pass(request.url.host, request.signal);
      request.signal?.throwIfAborted();
      const outcome = await attempt(inner, request);
      const again = policy.shouldRetry(outcome) && request.signal?.aborted !== true;
      const askedMs = retryAfterOf(outcome.response, policy, clock.now());
      const delayMs = Math.max(policy.backoff(sends, random), askedMs ?? 0);
      const tooLong = askedMs !== undefined && askedMs > (policy.maxRetryAfterMs ?? 0);
      const { status = 0 } = outcome.response ?? {};
      if (!tooLong && (askedMs !== undefined || status === 429)) {
        const { host } = request.url;
        gate.close(host, delayMs);
        onSlowdown?.({ host, delayMs, status });
      }
      const isOver = !again || sends > maxRetries;
      // the caller's own loop around a call that is sent once has to know, too, that trying again is of no use
      if (tooLong && again && outcome.response !== undefined && (!isOver || request.retry === "never")) {
        throw await rateLimitedError({ ...outcome.response, attempts: sends }, policy.maxRetryAfterMs ?? 0);
      }
      if (isOver) return settle(outcome, sends, again);
      if (outcome.response !== undefined) await drain(outcome.response);
      onRetry?.(eventOf(outcome, sends, delayMs));
      await clock.sleep(delayMs, request.signal);
    }
  };
}

/** A part that is undefined is that of the default, but for the wait, where that means something. @throws {RangeError} */
function policyOf(parts: Partial<RetryPolicy> = {}): RetryPolicy {
  const { maxRetries, backoff = DEFAULT_RETRY_POLICY.backoff, shouldRetry = DEFAULT_RETRY_POLICY.shouldRetry } = parts;
  const { maxRetryAfterMs } = { ...DEFAULT_RETRY_POLICY, ...parts };
  wholeNumber("maxRetryAfterMs", maxRetryAfterMs, 0, { orInfinity: true });
  return {
    maxRetries: wholeNumber("maxRetries", maxRetries, DEFAULT_RETRY_POLICY.maxRetries, { orInfinity: true }),
    backoff,
    shouldRetry,
    maxRetryAfterMs,
  };
}

async function attempt(inner: Transport, request: TransportRequest): Promise<RetryOutcome> {
  try {
    return { request, response: await inner(request) };
  } catch (error) {
    return { request, error };
  }
}

/** What the caller gets, with the number of sends. */
function settle({ response, error }: RetryOutcome, attempts: number, temporary: boolean): TransportResponse {
  if (response !== undefined) return { ...response, attempts, ...(temporary && { temporary }) };
  if (!(error instanceof NetworkError) || attempts === 1) throw error;
  const { message, operation, method, url, proxy, retryable, cause } = error;
  throw new NetworkError(`${message}; it was tried ${attempts} times`, {
    operation,
    method,
    url,
    retryable,
    cause,
    attempts,
    ...(proxy !== undefined && { proxy }),
  });
}

function retryAfterOf(response: TransportResponse | undefined, policy: RetryPolicy, now: number): number | undefined {
  if (policy.maxRetryAfterMs === undefined || (response?.status !== 429 && response?.status !== 503)) return undefined;
  return parseRetryAfter(headerValue(response.headers, "retry-after"), now);
}

function eventOf({ request, response, error }: RetryOutcome, retry: number, delayMs: number): RetryEvent {
  return {
    operation: operationOf(request),
    method: request.method,
    url: redactUrl(request.url),
    retry,
    delayMs,
    ...(response !== undefined ? { status: response.status } : { error }),
  };
}
