import { type RequestListener, type Server, type ServerOptions, createServer } from "node:http";
import { createSecureServer as createHttp2SecureServer, createServer as createHttp2Server, type Http2SecureServer, type Http2Server, type Http2ServerRequest, type Http2ServerResponse } from "node:http2";
import { type Server as HttpsServer, createServer as createHttpsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { lstat, rm } from "node:fs/promises";
import type { TLSSocket } from "node:tls";
import { BerthError } from "@berth/oci";
import { type HttpConfig, type ListenAddress, type TlsOptions, formatHostPort, readTls } from "../config/index.ts";

/** The address cannot be listened on; the message says why in one line. */
export class ListenError extends BerthError<"ERR_LISTEN"> {
  constructor(reason: string, options?: { readonly cause?: unknown }) {
    super("ERR_LISTEN", `Cannot listen: ${reason}`, options);
  }
}

/** A server that takes requests. */
export interface Listening {
  /** `127.0.0.1:5000`, or the path of a unix socket. */
  readonly address: string;
  /** The port; 0 for unix sockets. */
  readonly port: number;
  /** Reads the TLS files again for connections to come. @throws {ConfigError} when they cannot be used; undefined without TLS. */
  readonly reloadCertificates: (() => void) | undefined;
  /** Stops taking connections, lets requests under way finish for up to `timeoutMs`, then cuts them off. True when all finished. */
  drain(timeoutMs: number): Promise<boolean>;
}

type AnyServer = Server | HttpsServer | Http2Server | Http2SecureServer;

/** Binds and starts to answer. @throws {ListenError} when the address is taken, not ours, or not allowed. */
export async function listen(handler: RequestListener, config: HttpConfig): Promise<Listening> {
  const server = createFor(handler, config);
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  if (config.limits.connections > 0) server.maxConnections = config.limits.connections;
  await bind(server, config.address);
  const bound = server.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : 0;
  return { address: describeAddress(config.address, bound), port, reloadCertificates: reloader(server, config), drain: (timeoutMs) => drain(server, sockets, timeoutMs) };
}

function createFor(handler: RequestListener, config: HttpConfig): AnyServer {
  const options: ServerOptions = {
    maxHeaderSize: config.limits.headerBytes,
    headersTimeout: config.timeouts.headersMs,
    keepAliveTimeout: config.timeouts.keepAliveMs,
    requestTimeout: 0, // a layer takes as long as it takes; bodies that stand still are cut off one by one
    noDelay: true,
  };
  const tls = config.tls === undefined ? undefined : readTls(config.tls);
  const http2Handler = handler as unknown as (request: Http2ServerRequest, response: Http2ServerResponse) => void;
  if (tls === undefined) {
    const server = createServer(options, handler);
    server.on("checkContinue", handler);
    server.on("clientError", refuse);
    return config.h2c ? createHttp2Server({}, http2Handler) : server;
  }
  const server = config.http2 ? createHttp2SecureServer({ ...options, ...tls, allowHTTP1: true }, http2Handler) : createHttpsServer({ ...options, ...tls }, handler);
  server.on("secureConnection", (socket: TLSSocket) => checkClientCertificate(socket, tls));
  server.on("checkContinue", handler);
  return server;
}

function reloader(server: AnyServer, { tls }: HttpConfig): (() => void) | undefined {
  if (tls === undefined || !("setSecureContext" in server)) return undefined;
  return () => server.setSecureContext(readTls(tls));
}

/** Node asks for certificates; which ones will do is decided here. */
function checkClientCertificate(socket: TLSSocket, tls: TlsOptions): void {
  const given = tls.requestCert && Object.keys(socket.getPeerCertificate()).length > 0;
  if ((tls.needsCertificate && !given) || (tls.verifiesGiven && given && !socket.authorized)) socket.destroy();
}

/** What is not HTTP gets a short answer; the parser's own words stay here. */
function refuse(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = error.code === "HPE_HEADER_OVERFLOW" ? "431 Request Header Fields Too Large" : error.code === "ERR_HTTP_REQUEST_TIMEOUT" ? "408 Request Timeout" : "400 Bad Request";
  const body = `${JSON.stringify({ errors: [{ code: "UNSUPPORTED", message: "The operation is unsupported.", detail: status.slice(4).toLowerCase() }] })}\n`;
  socket.end(`HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`);
}

async function bind(server: AnyServer, address: ListenAddress): Promise<void> {
  if (address.net === "unix") await removeStaleSocket(address.path);
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(listenError(error, address)));
    const listening = (): void => resolve();
    if (address.net === "unix") server.listen(address.path, listening);
    else server.listen({ port: address.port, ...(address.host === "" ? {} : { host: address.host }) }, listening);
  });
}

async function removeStaleSocket(path: string): Promise<void> {
  const stats = await lstat(path).catch(() => undefined); // absent: nothing to remove
  if (stats === undefined) return;
  if (!stats.isSocket()) throw new ListenError(`"${path}" exists and is not a socket`);
  await rm(path);
}

function listenError(error: NodeJS.ErrnoException, address: ListenAddress): ListenError {
  const where = address.net === "unix" ? address.path : formatHostPort(address);
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: `${where} is already in use`,
    EADDRNOTAVAIL: `${where} is not an address of this machine`,
    EACCES: `${where} needs more rights than this process has`,
  };
  return new ListenError(reasons[error.code ?? ""] ?? `${where}: ${error.code ?? "unknown reason"}`, { cause: error });
}

function describeAddress(address: ListenAddress, bound: AddressInfo | string | null): string {
  if (address.net === "unix") return address.path;
  return formatHostPort({ host: address.host, port: typeof bound === "object" && bound !== null ? bound.port : address.port });
}

async function drain(server: AnyServer, sockets: ReadonlySet<Socket>, timeoutMs: number): Promise<boolean> {
  let finished = true;
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  if ("closeIdleConnections" in server) server.closeIdleConnections();
  const timer = setTimeout(() => {
    finished = false;
    for (const socket of sockets) socket.destroy();
  }, timeoutMs);
  await closed;
  clearTimeout(timer);
  return finished;
}
