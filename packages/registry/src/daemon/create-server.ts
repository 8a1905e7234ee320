import { type RequestListener, type Server, type ServerOptions, createServer as createHttpServer } from "node:http";
import {
  type Http2SecureServer,
  type Http2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type Http2Session,
  createServer as createHttp2Server,
  createSecureServer as createHttp2SecureServer,
} from "node:http2";
import { type Server as HttpsServer, createServer as createHttpsServer } from "node:https";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { type HttpConfig, type TlsOptions, readTls } from "../config/index.ts";

/** Any of Node's servers that speak HTTP/1, HTTP/2 or both. */
export type AnyServer = Server | HttpsServer | Http2SecureServer;

/** A server that does not listen yet. */
export interface CreatedServer {
  readonly server: AnyServer;
  /** Tells clients of HTTP/2 to open no further requests; their connections end when the open ones are over. */
  closeSessions(): void;
}

/** How often Node looks for connections whose headers do not come; in milliseconds. */
const HEADER_CHECK_MS = 5_000;

/** Requests that an HTTP/2 connection may have open at a time; a connection counts once, however many it carries. Go's servers take as many. */
const MAX_STREAMS = 250;

/** Makes the server that a configuration asks for: with TLS or without, HTTP/1 and, where it is on, HTTP/2 on the same port. */
export function createServer(handler: RequestListener, config: HttpConfig): CreatedServer {
  const options: ServerOptions = {
    maxHeaderSize: config.limits.headerBytes,
    headersTimeout: config.timeouts.headersMs,
    keepAliveTimeout: config.timeouts.keepAliveMs,
    connectionsCheckingInterval: Math.min(HEADER_CHECK_MS, config.timeouts.headersMs),
    requestTimeout: 0, // a layer takes as long as it takes; bodies that stand still are cut off one by one
    noDelay: true,
  };
  const http2Options = { settings: { maxHeaderListSize: config.limits.headerBytes, maxConcurrentStreams: MAX_STREAMS } };
  const http2Handler = handler as unknown as (request: Http2ServerRequest, response: Http2ServerResponse) => void;
  const sessions = new Set<Http2Session>();
  const track = <S extends Http2Server | Http2SecureServer>(server: S): S => {
    server.on("session", (session: Http2Session) => {
      sessions.add(session);
      session.setTimeout(config.timeouts.keepAliveMs, () => session.close());
      session.once("close", () => sessions.delete(session));
    });
    return server;
  };
  // Node waits two minutes for a client to begin with TLS, which costs as much of us as one that does not send its headers
  const tls = config.tls === undefined ? undefined : { ...readTls(config.tls), handshakeTimeout: config.timeouts.headersMs };
  const server: AnyServer =
    tls === undefined
      ? createHttpServer(options, handler)
      : config.http2
        ? track(createHttp2SecureServer({ ...options, ...http2Options, ...tls, allowHTTP1: true }, http2Handler))
        : createHttpsServer({ ...options, ...tls }, handler);
  if (tls !== undefined) server.on("secureConnection", (socket: TLSSocket) => checkClientCertificate(socket, tls));
  else if (config.h2c) alsoSpeakHttp2(server, track(createHttp2Server(http2Options, http2Handler)), config.timeouts.headersMs);
  server.on("checkContinue", handler);
  server.on("clientError", refuse);
  const closeSessions = (): void => {
    for (const session of sessions) session.close();
  };
  return { server, closeSessions };
}

/** Hands connections that begin as HTTP/2 does to the other server, as clients with prior knowledge expect. @see RFC 9113, section 3.3 */
function alsoSpeakHttp2(server: AnyServer, http2: Http2Server, timeoutMs: number): void {
  const serveHttp1 = server.listeners("connection");
  server.removeAllListeners("connection");
  server.on("connection", (socket: Socket) => {
    let head = Buffer.alloc(0);
    const onReadable = (): void => {
      const more = socket.read() as Buffer | null;
      if (more === null) return;
      head = Buffer.concat([head, more]);
      if (head.byteLength < HTTP2_START.byteLength) return;
      socket.off("readable", onReadable);
      socket.setTimeout(0);
      socket.unshift(head);
      if (head.subarray(0, HTTP2_START.byteLength).equals(HTTP2_START)) http2.emit("connection", socket);
      else for (const serve of serveHttp1) Reflect.apply(serve, server, [socket]);
    };
    socket.setTimeout(timeoutMs, () => socket.destroy());
    socket.on("error", () => socket.destroy());
    socket.on("readable", onReadable);
  });
}

/** No method of HTTP/1 begins so. */
const HTTP2_START = Buffer.from("PRI");

/** Node asks for certificates; which ones will do is decided here. */
function checkClientCertificate(socket: TLSSocket, tls: TlsOptions): void {
  const given = tls.requestCert && Object.keys(socket.getPeerCertificate()).length > 0;
  if ((tls.needsCertificate && !given) || (tls.verifiesGiven && given && !socket.authorized)) socket.destroy();
}

/** What is not HTTP gets a short answer; the parser's own words stay here. Without a handshake nothing can be answered, or sent before an end. */
function refuse(error: Error & { readonly code?: string }, socket: Socket | TLSSocket): void {
  const isHandshake = "secureConnecting" in socket && socket.secureConnecting;
  if (error.code === "ECONNRESET" || !socket.writable || isHandshake) {
    socket.destroy();
    return;
  }
  const status = STATUS_LINES[error.code ?? ""] ?? "400 Bad Request";
  const detail = status.slice(4).toLowerCase();
  const body = `${JSON.stringify({ errors: [{ code: "UNSUPPORTED", message: "The operation is unsupported.", detail }] })}\n`;
  const length = Buffer.byteLength(body);
  socket.end(`HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n${body}`);
}

const STATUS_LINES: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
  ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
};
