import type { Readable } from "node:stream";
import { type ByteSource, LimitExceededError } from "@berth/oci";
import { timeLimit } from "../number-option.ts";
import { drainStream } from "./drain.ts";
import { truncatedError } from "./network-error.ts";
import { headerValue, type TransportResponse } from "./transport.ts";

/** Milliseconds that the start of a body may take: it is an explanation, and no reason to wait for ever. */
const MAX_START_MS = 30_000;

/** The start of a body. */
export interface BodyStart {
  readonly bytes: Buffer;
  /** True when the body went on. */
  readonly truncated: boolean;
}

/** Milliseconds that a body which is read whole may take, unless told otherwise: a trickle would never stall. */
const MAX_WHOLE_MS = 300_000;

/** A body came, but too slowly. */
class BodyTimeoutError extends Error {
  readonly code = "ERR_BODY_TIMEOUT";

  constructor(timeoutMs: number) {
    super(`it took more than ${timeoutMs / 1000} s`);
    this.name = "BodyTimeoutError";
  }
}

/** An answer with its body, as far as {@link readBounded} needs it. */
type BoundedAnswer = Pick<TransportResponse, "body"> & Partial<Pick<TransportResponse, "headers" | "request">>;

/**
 * Reads a body whole. Memory follows what arrives, never what was promised; the body is closed on every path.
 *
 * @param from content, or an answer: that one has its limit on time as well.
 * @param what names the content in the error, default `response`
 * @param option what the limit is called where it can be raised
 * @param timeoutMs milliseconds until an answer must have come to its end, however it trickles; default 5 minutes, 0: no limit.
 * @throws {LimitExceededError} when it is longer than `maxBytes` @throws {NetworkError} when an answer breaks off, or takes too long.
 */
export async function readBounded(
  from: ByteSource | BoundedAnswer,
  maxBytes: number,
  what = "response",
  option?: string,
  timeoutMs?: number,
): Promise<Buffer> {
  const limitMs = timeLimit("timeoutMs", timeoutMs, MAX_WHOLE_MS);
  const answer = Symbol.asyncIterator in from ? undefined : from;
  const source: ByteSource = Symbol.asyncIterator in from ? from : from.body;
  const host = answer?.request?.url.host;
  const chunks: Uint8Array[] = [];
  let size = 0;
  const end = (): unknown => answer?.body.destroy(tooSlow(answer, size, limitMs));
  const timer = answer !== undefined && limitMs > 0 ? setTimeout(end, limitMs) : undefined;
  try {
    for await (const chunk of source) {
      size += chunk.byteLength;
      if (size > maxBytes) {
        throw new LimitExceededError(
          { what: `${what} of more than ${maxBytes} bytes`, limit: maxBytes, ...(option !== undefined && { option }) },
          host === undefined ? {} : { from: host },
        ); // closes it
      }
      chunks.push(chunk);
    }
  } finally {
    clearTimeout(timer);
  }
  return Buffer.concat(chunks, size);
}

function tooSlow({ request, headers = {} }: BoundedAnswer, actual: number, timeoutMs: number): Error {
  const cause = new BodyTimeoutError(timeoutMs);
  const length = Number(headerValue(headers, "content-length"));
  return request === undefined ? cause : truncatedError(request, { expected: length > actual ? length : undefined, actual }, cause);
}

/**
 * Reads the start of a body, at most `maxBytes`. The rest is dropped: read when it is short, so that the connection lives on, else cut
 * off. A body that breaks, or takes more than 30 s, gives what came before.
 */
export async function readStart(body: Readable, maxBytes: number): Promise<BodyStart> {
  const timer = setTimeout(() => body.destroy(), MAX_START_MS);
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    const source: AsyncIterable<Uint8Array> = body.iterator({ destroyOnReturn: false });
    for await (const chunk of source) {
      chunks.push(chunk);
      size += chunk.byteLength;
      if (size > maxBytes) break;
    }
  } catch {
    // what came before says more than how it broke
  } finally {
    clearTimeout(timer);
  }
  if (size > maxBytes) await drainStream(body);
  const bytes = Buffer.concat(chunks, size);
  return { bytes: bytes.subarray(0, maxBytes), truncated: size > maxBytes };
}
