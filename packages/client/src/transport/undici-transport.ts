import type { Socket } from "node:net";
import { Agent } from "undici";
import { createConnector } from "./connector.ts";
import { Exchange, IdleRaceError } from "./exchange.ts";
import { networkError, operationOf } from "./network-error.ts";
import type { ClosableTransport, TransportRequest, TransportResponse } from "./transport.ts";

/** Options of {@link createUndiciTransport}. All times are milliseconds. */
export interface UndiciTransportOptions {
  /** Until a TCP connection must stand; default 30 s. */
  readonly connectTimeoutMs?: number;
  /** For the TLS handshake; default 10 s. */
  readonly tlsTimeoutMs?: number;
  /** How long an idle connection is kept; default 90 s. A server's `Keep-Alive` header goes before it. */
  readonly keepAliveTimeoutMs?: number;
  /**
   * From the end of the request until the response headers; default 60 s, and no limit for requests with a body: registries hash what
   * they got before they answer. 0: no limit. A request's own `headersTimeoutMs` goes before it.
   */
  readonly headersTimeoutMs?: number;
  /** A transfer fails when no byte of a body moved for that long while one was waited for; default 0: no limit. */
  readonly stallTimeoutMs?: number;
  /** Connections to one host at a time; default 0: no limit. A response that nobody reads holds its connection. */
  readonly maxConnectionsPerHost?: number;
}

/**
 * Makes the transport that speaks HTTP/1.1 over TCP and TLS. It adds nothing to requests but `accept-encoding: identity`, decompresses
 * nothing and follows no redirect: layers do more. Connections are kept and used again; `close()` ends them.
 */
export function createUndiciTransport(options: UndiciTransportOptions = {}): ClosableTransport {
  const reuse = new WeakMap<Error, boolean>();
  const connect = createConnector({
    connectTimeoutMs: options.connectTimeoutMs ?? 30_000,
    tlsTimeoutMs: options.tlsTimeoutMs ?? 10_000,
    tlsFor: () => Promise.resolve({}),
  });
  const agent = new Agent({
    connect: (target, callback) =>
      connect(target, (...[error, socket]) => {
        if (error !== null) return callback(error, null);
        noteReuse(socket, reuse);
        callback(null, socket);
      }),
    allowH2: false,
    connections: options.maxConnectionsPerHost || null,
    keepAliveTimeout: options.keepAliveTimeoutMs ?? 90_000,
    bodyTimeout: 0,
  });

  async function once(request: TransportRequest): Promise<TransportResponse> {
    const { method, url, body } = request;
    const exchange = new Exchange(request, {
      stallTimeoutMs: options.stallTimeoutMs ?? 0,
      wasReused: (error) => reuse.get(error) === true,
    });
    const headersTimeout = request.headersTimeoutMs ?? (body === undefined ? (options.headersTimeoutMs ?? 60_000) : 0);
    agent.dispatch(
      {
        origin: url.origin,
        path: `${url.pathname}${url.search}`,
        method,
        headers: headersOf(request, exchange.sending?.size),
        body: exchange.sending?.content ?? null,
        headersTimeout,
        ...(method === "HEAD" && { reset: false }), // undici closes the connection after HEAD otherwise
      },
      exchange,
    );
    return exchange.response;
  }

  async function send(request: TransportRequest): Promise<TransportResponse> {
    request.signal?.throwIfAborted();
    try {
      return await once(request);
    } catch (error) {
      if (!(error instanceof IdleRaceError)) throw error;
      if (request.body?.replayable === false) throw networkError(request, error.cause);
    }
    try {
      return await once(request);
    } catch (error) {
      throw error instanceof IdleRaceError ? networkError(request, error.cause) : error;
    }
  }

  return Object.assign(send, { close: () => agent.close() });
}

/** Whether a connection had served a request before is known by the bytes that had come over it. */
function noteReuse(socket: Socket, reuse: WeakMap<Error, boolean>): void {
  socket.prependListener("error", (error: Error) => reuse.set(error, socket.bytesRead > 0));
}

function headersOf(request: TransportRequest, size: number | undefined): Record<string, string> {
  const headers: Record<string, string> = { "accept-encoding": "identity" };
  for (const [name, value] of Object.entries(request.headers)) {
    if (!isHeaderValue(value)) throw new TypeError(`Cannot ${operationOf(request)}: header "${name}" holds characters that headers cannot`);
    headers[name.toLowerCase()] = value;
  }
  delete headers["content-length"]; // what is really sent counts
  delete headers["transfer-encoding"];
  if (size !== undefined) headers["content-length"] = String(size);
  return headers;
}

function isHeaderValue(value: string): boolean {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(value);
}
