import type { Readable } from "node:stream";
import { finished } from "node:stream/promises";
import type { TransportResponse } from "./transport.ts";

/** Bytes that are cheaper to read than a new connection is to make. */
const WORTH_READING = 65_536;
/** Milliseconds that are waited for a rest which does not come: a new connection is made sooner. */
const WORTH_WAITING_MS = 2000;

/**
 * Reads what is left of a response and drops it, so that its connection can be used again. A body that is longer than `maxBytes` (default
 * 64 KiB), or does not come to its end within 2 s, is cut off instead, which costs the connection. Never fails: that the rest is broken matters to nobody.
 */
export async function drain(response: Pick<TransportResponse, "body">, maxBytes: number = WORTH_READING): Promise<void> {
  await drainStream(response.body, maxBytes);
}

/** {@link drain} for a stream. */
export async function drainStream(body: Readable, maxBytes: number = WORTH_READING): Promise<void> {
  const timer = setTimeout(() => body.destroy(), WORTH_WAITING_MS);
  let read = 0;
  body.on("data", (chunk: Uint8Array) => {
    read += chunk.byteLength;
    if (read > maxBytes) body.destroy();
  });
  try {
    await finished(body);
  } catch {
    // broken or cut off: either way nothing is left to read
  } finally {
    clearTimeout(timer);
  }
}
