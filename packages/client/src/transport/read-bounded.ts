import type { Readable } from "node:stream";
import { type ByteSource, LimitExceededError } from "@berth/oci";
import { drainStream } from "./drain.ts";
import type { TransportResponse } from "./transport.ts";

/** Milliseconds that the start of a body may take: it is an explanation, and no reason to wait for ever. */
const MAX_START_MS = 30_000;

/** The start of a body. */
export interface BodyStart {
  readonly bytes: Buffer;
  /** True when the body went on. */
  readonly truncated: boolean;
}

/**
 * Reads a body whole. Memory follows what arrives, never what was promised; the body is closed on every path.
 *
 * @param what names the content in the error, default `response`
 * @param option what the limit is called where it can be raised
 * @throws {LimitExceededError} when it is longer than `maxBytes`
 */
export async function readBounded(
  from: ByteSource | (Pick<TransportResponse, "body"> & Partial<Pick<TransportResponse, "request">>),
  maxBytes: number,
  what = "response",
  option?: string,
): Promise<Buffer> {
  const source: ByteSource = Symbol.asyncIterator in from ? from : from.body;
  const host = "request" in from ? from.request?.url.host : undefined;
  const chunks: Uint8Array[] = [];
  let size = 0;
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
  return Buffer.concat(chunks, size);
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
