import type { Socket } from "node:net";
import { Agent, type buildConnector, Client } from "undici";
import { MAX_TIMER_MS, timeLimit, wholeNumber } from "../number-option.ts";
import { defaultCertsDirs } from "./certs-d.ts";
import { ConnectionFailure } from "./connection-failure.ts";
import { type ConnectorOptions, createConnector } from "./connector.ts";
import { Exchange, IdleRaceError } from "./exchange.ts";
import { networkError, operationOf } from "./network-error.ts";
import { PassingReads } from "./passing-reads.ts";
import { createProxySelector, isSocks, proxyAuthorization, proxyName, proxyFromEnvironment, type ProxyOptions } from "./proxy.ts";
import { type TlsOptions, tlsSettings } from "./tls-options.ts";
import type { ClosableTransport, TransportRequest, TransportResponse } from "./transport.ts";
import { openSocksTunnel } from "./socks-tunnel.ts";
import { openTunnel } from "./tunnel.ts";

/** `connectTimeoutMs` unless told otherwise, in milliseconds. */
export const DEFAULT_CONNECT_TIMEOUT_MS = 30_000;
/** `headersTimeoutMs` unless told otherwise, in milliseconds, of requests without a body. */
export const DEFAULT_HEADERS_TIMEOUT_MS = 60_000;

/** Options of {@link createUndiciTransport}. All times are whole milliseconds; a limit of 0 or `Infinity` is none. */
export interface UndiciTransportOptions {
  /** Until a TCP connection must stand; default 30 s. */
  readonly connectTimeoutMs?: number;
  /** For the TLS handshake; default 10 s. */
  readonly tlsTimeoutMs?: number;
  /** How long an idle connection is kept, from 1; default 90 s. A server's `Keep-Alive` header goes before it. */
  readonly keepAliveTimeoutMs?: number;
  /**
   * From the end of the request until the response headers; default 60 s, and no limit for requests with a body: registries hash what
   * they got before they answer. A request's own `headersTimeoutMs` goes before it. Informational answers (103 and the like) do not put
   * it off; a server that sends more than 100 of them is given up in any case.
   */
  readonly headersTimeoutMs?: number;
  /**
   * A transfer fails when no byte of a body moved for that long while one was waited for: a reader that lets bytes wait stalls nothing, and
   * downloads of blobs are taken up again where they stopped. Default 60 s for the bodies of answers, no limit for those of requests.
   * Bytes that are sent are seen to move by about 64 KiB: a limit of 30 s wants 2 KiB/s.
   */
  readonly stallTimeoutMs?: number;
  /**
   * A refusal that comes before the body of its request has gone ends when no byte of it comes for that long; what came counts. Default
   * 2 s. There are servers that end their answer only when they have read everything, which they are not sent any more.
   */
  readonly earlyAnswerTimeoutMs?: number;
  /** Connections to one host at a time; default 0: no limit, as is `Infinity`. A response that nobody reads holds its connection. */
  readonly maxConnectionsPerHost?: number;
  /** For all hosts; `certsDirs` adds what belongs to single ones. */
  readonly tls?: TlsOptions;
  /** Folders with certificates of hosts; default those of docker and the containers tools, see `defaultCertsDirs()`. Empty: none. */
  readonly certsDirs?: readonly string[];
  /** Where hosts are really found, whatever their names resolve to: `host:port` to a name or address. Certificates stay those of the name. */
  readonly addresses?: ReadonlyMap<string, string>;
  /** Default: what HTTP_PROXY, HTTPS_PROXY and NO_PROXY say. `false`: none. */
  readonly proxy?: ProxyOptions | false;
}

/**
 * Makes the transport that speaks HTTP/1.1 over TCP and TLS. It adds nothing to requests but `accept-encoding: identity`, decompresses
 * nothing and follows no redirect: layers do more. Connections are kept and used again; `close()` ends them.
 *
 * @throws {TypeError} when an address of a proxy is none. @throws {RangeError} on a number that is none of those above. Its transport @throws {NetworkError} when there is no answer, and `TypeError` when
 *   a header holds what headers cannot.
 */
export function createUndiciTransport(options: UndiciTransportOptions = {}): ClosableTransport {
  const { certsDirs = defaultCertsDirs(), tls = {}, proxy = proxyFromEnvironment() } = options;
  const limits = limitsOf(options);
  const { connectTimeoutMs } = limits;
  const proxyOf = createProxySelector(proxy === false ? {} : proxy);
  const reuse = new WeakMap<Error, boolean>();
  const sockets = new Set<Socket>();
  /** Those that were asked for plain HTTP, by origin. */
  const proxies = new Map<string, URL>();
  const running = new Set<Exchange>();
  let isClosing = false;
  const connectorOptions: ConnectorOptions = {
    connectTimeoutMs,
    tlsTimeoutMs: limits.tlsTimeoutMs,
    tlsFor: (host) => tlsSettings(host, tls, certsDirs),
    ...(tls.systemCa === "when-needed" && { wideTlsFor: (host) => tlsSettings(host, { ...tls, systemCa: true }, certsDirs) }),
    ...(options.addresses && { addresses: options.addresses }),
    sockets,
    proxyAt: ({ host, isSecure }) => proxies.get(`${isSecure ? "https" : "http"}://${host}`),
    tunnel(target, direct) {
      const through = proxyOf(new URL(`${target.isSecure ? "https" : "http"}://${target.host}`));
      if (through === undefined || through.host === target.host) return undefined;
      if (isSocks(through)) return openSocksTunnel(through, target, direct, connectTimeoutMs);
      return target.isSecure ? openTunnel(through, target, direct, connectTimeoutMs) : undefined;
    },
  };
  const shared = { allowH2: false, bodyTimeout: 0 };
  const agent = new Agent({
    ...shared,
    connect: noting(createConnector(connectorOptions), (socket) => noteReuse(socket, reuse)),
    connections: limits.maxConnectionsPerHost,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
  });
  const own = new Set<Client>();

  /** A connection for one large body; it is closed behind it. */
  function ownClient(origin: string, reads: PassingReads): Client {
    const connect = createConnector({ ...connectorOptions, onread: reads.onread });
    const client = new Client(origin, { ...shared, connect: noting(connect, (socket) => (reads.socket = socket)) });
    own.add(client);
    return client;
  }

  /** Once nobody waits for one any more, connections that are being made are given up: a silent host would hold the process. */
  function endWhenIdle(): void {
    if (!isClosing || running.size > 0) return;
    for (const socket of sockets) socket.destroy(new ConnectionFailure("UND_ERR_DESTROYED", "the transport is closed"));
  }

  async function once(request: TransportRequest): Promise<TransportResponse> {
    const { method, url, body } = request;
    const proxy = proxyOf(url);
    // a proxy of HTTP is told the whole address of what is plain HTTP; for the rest it opens a tunnel
    const through = url.protocol === "http:" && proxy !== undefined && !isSocks(proxy) ? proxy : undefined;
    const isAlone = request.bulk === true && url.protocol === "http:" && proxy === undefined && limits.maxConnectionsPerHost === null;
    const reads = isAlone ? new PassingReads() : undefined;
    const client = reads && ownClient(url.origin, reads);
    const headersTimeout = timeLimit("headersTimeoutMs", request.headersTimeoutMs, body === undefined ? limits.headersTimeoutMs : 0);
    const exchange: Exchange = new Exchange(proxy === undefined ? request : { ...request, proxy: proxyName(proxy) }, {
      headersTimeoutMs: headersTimeout,
      sendStallMs: limits.sendStallMs,
      readStallMs: limits.readStallMs,
      earlyAnswerTimeoutMs: limits.earlyAnswerTimeoutMs,
      wasReused: (error) => reuse.get(error) === true,
      ...(reads && { reads }),
      onFinish() {
        if (client !== undefined && own.delete(client)) void client.destroy();
        if (running.delete(exchange)) endWhenIdle();
      },
    });
    const path = `${url.pathname}${url.search}`;
    const headers = { ...(through && proxyHeaders(url, through)), ...headersOf(request, exchange.sending?.size) };
    if (through !== undefined) proxies.set(through.origin, through);
    running.add(exchange);
    (client ?? agent).dispatch(
      {
        origin: through === undefined ? url.origin : through.origin,
        path: through === undefined ? path : `${url.origin}${path}`,
        method,
        headers,
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
    if (!hasParser()) throw networkError(request, Object.assign(new Error("there is no WebAssembly"), { code: "ERR_NO_WEBASSEMBLY" }));
    try {
      return await once(request);
    } catch (error) {
      if (!(error instanceof IdleRaceError)) throw error;
      if (request.body?.replayable === false || mayHaveArrived(request)) throw networkError(request, error.cause);
    }
    try {
      return await once(request);
    } catch (error) {
      throw error instanceof IdleRaceError ? networkError(request, error.cause) : error;
    }
  }

  return Object.assign(send, {
    async close() {
      const closed = Promise.all([agent.close(), ...[...own].map((client) => client.close())]);
      isClosing = true;
      endWhenIdle();
      await closed;
    },
  });
}

/** The options that are numbers, checked and filled in. @throws {RangeError} */
function limitsOf(options: UndiciTransportOptions) {
  const { stallTimeoutMs, keepAliveTimeoutMs, maxConnectionsPerHost } = options;
  const connections = wholeNumber("maxConnectionsPerHost", maxConnectionsPerHost, 0, { orInfinity: true });
  return {
    connectTimeoutMs: timeLimit("connectTimeoutMs", options.connectTimeoutMs, DEFAULT_CONNECT_TIMEOUT_MS),
    tlsTimeoutMs: timeLimit("tlsTimeoutMs", options.tlsTimeoutMs, 10_000),
    keepAliveTimeoutMs: Math.min(
      wholeNumber("keepAliveTimeoutMs", keepAliveTimeoutMs, 90_000, { from: 1, orInfinity: true }),
      MAX_TIMER_MS,
    ),
    headersTimeoutMs: timeLimit("headersTimeoutMs", options.headersTimeoutMs, DEFAULT_HEADERS_TIMEOUT_MS),
    sendStallMs: timeLimit("stallTimeoutMs", stallTimeoutMs, 0),
    readStallMs: timeLimit("stallTimeoutMs", stallTimeoutMs, 60_000),
    earlyAnswerTimeoutMs: timeLimit("earlyAnswerTimeoutMs", options.earlyAnswerTimeoutMs, 2_000),
    /** Null: no limit. */
    maxConnectionsPerHost: Number.isFinite(connections) ? connections || null : null,
  };
}

/** Undici's parser is WebAssembly: it would wait for it for ever. */
function hasParser(): boolean {
  return Reflect.get(globalThis, "WebAssembly") !== undefined;
}

/** Shows each socket to somebody before it is used. */
function noting(connect: buildConnector.connector, note: (socket: Socket) => void): buildConnector.connector {
  return (target, callback) =>
    connect(target, (...[error, socket]) => {
      if (error !== null) return callback(error, null);
      note(socket);
      callback(null, socket);
    });
}

/** Part of a body may have been taken before the connection broke; appended to an upload again it would spoil it. The caller asks first. */
function mayHaveArrived({ retry, body }: TransportRequest): boolean {
  return retry === "never" && body !== undefined && body.size !== 0;
}

/**
 * Notes with each error of a connection whether anything had ever come over it: then it had served a request before. Node counts no bytes
 * of TLS that runs over a socket which was there first, so that the chunks are watched.
 */
function noteReuse(socket: Socket, reuse: WeakMap<Error, boolean>): void {
  let served = false;
  const { push } = socket;
  socket.push = (chunk: unknown, encoding) => {
    served ||= chunk !== null;
    return push.call(socket, chunk, encoding);
  };
  socket.prependListener("error", (error: Error) => reuse.set(error, served));
}

function proxyHeaders(url: URL, proxy: URL): Record<string, string> {
  const authorization = proxyAuthorization(proxy);
  return { host: url.host, ...(authorization && { "proxy-authorization": authorization }) };
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
