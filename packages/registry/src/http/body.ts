import type { IncomingMessage } from "node:http";
import type { ServerHttp2Stream } from "node:http2";
import type { Exchange } from "./exchange.ts";

/** Bytes of an unread body that we take and throw away so that the connection can go on. */
const MAX_DRAIN_BYTES = 256 * 1024;

/** Time for which an unread body may go on arriving after the answer. */
const DRAIN_MS = 5_000;

/** Bytes that the sender announced; undefined for bodies that come without a length. */
export function contentLength(request: IncomingMessage): number | undefined {
  const header = request.headers["content-length"];
  if (header !== undefined) return Number(header); // node:http refuses anything but digits
  if (request.httpVersionMajor > 1) return hasEndedWithHead(request) ? 0 : undefined;
  return request.headers["transfer-encoding"] === undefined ? 0 : undefined;
}

/** HTTP/2 says with the head whether anything follows. */
function hasEndedWithHead(request: IncomingMessage & { readonly stream?: Pick<ServerHttp2Stream, "endAfterHeaders"> }): boolean {
  return request.stream?.endAfterHeaders === true;
}

/** Whether a body follows. */
export function hasBody(request: IncomingMessage): boolean {
  return contentLength(request) !== 0;
}

/**
 * The request's body. A client that stands still for `bodyTimeoutMs` loses the connection, which ends the iteration with an error;
 * a client that waits for `100 Continue` gets it when somebody begins to read, so after all that can refuse the request.
 */
export function requestBody(exchange: Exchange): AsyncIterable<Buffer> {
  const { request, response, context } = exchange;
  return {
    [Symbol.asyncIterator]() {
      if (request.headers.expect !== undefined) response.writeContinue();
      const stall = (): void => void request.destroy(new Error("the request body stands still"));
      request.setTimeout(context.options.bodyTimeoutMs, stall);
      request.once("end", () => request.setTimeout(0));
      // Who stops reading early must still be able to answer: leaving the loop would otherwise destroy the request and its socket.
      return request.iterator({ destroyOnReturn: false });
    },
  };
}

/**
 * The request's body for a consumer that is done with a chunk when it asks for the next one: its memory is given back then. Left to the
 * garbage collector, the chunks of a few large uploads cost it more work than hashing and writing them.
 */
export async function* passingBody(exchange: Exchange): AsyncGenerator<Uint8Array> {
  for await (const chunk of requestBody(exchange)) {
    yield chunk;
    const ownsMemory = chunk.byteLength === chunk.buffer.byteLength; // small ones share theirs with others
    if (ownsMemory && chunk.buffer instanceof ArrayBuffer) chunk.buffer.transfer(0);
  }
}

/** Deals with a body that nobody read: a short one is taken in, otherwise the connection ends once the answer is out. */
export function abandonBody(exchange: Exchange): boolean {
  const { request, response } = exchange;
  if (request.complete || !hasBody(request)) return false;
  const length = contentLength(request);
  if (length !== undefined && length <= MAX_DRAIN_BYTES && request.headers.expect === undefined) return false;
  response.shouldKeepAlive = false;
  // Closing at once would reset the connection while the client still sends, and it would never see the answer.
  const timer = setTimeout(() => request.destroy(), DRAIN_MS).unref();
  request.once("close", () => clearTimeout(timer));
  request.resume();
  return true;
}
