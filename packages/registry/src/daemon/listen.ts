import cluster from "node:cluster";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { type AddressInfo, Server as NetServer, type Socket } from "node:net";
import { type HttpConfig, type ListenAddress, formatHostPort, readTls } from "../config/index.ts";
import { type AnyServer, type CreatedServer, createServer } from "./create-server.ts";
import { clearAddress, listenError, listenOptions } from "./listen-address.ts";
import { passedSocket } from "./socket-activation.ts";

/** How often a server that stops looks for connections that have become idle; in milliseconds. */
const IDLE_CHECK_MS = 50;

/** Time in which a connection that was opened before a stop must bring the start of a request; in milliseconds. */
const SILENCE_MS = 500;

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

/**
 * Binds and starts to answer: at the socket that systemd passed, if it passed one, else at the configured address. In a worker the
 * address is to be cleared by its parent, once for all workers.
 *
 * @throws {ListenError} when the address is taken, not ours, or not allowed.
 */
export async function listen(handler: RequestListener, config: HttpConfig): Promise<Listening> {
  const created = createServer(handler, config);
  const { server } = created;
  const sockets = new Set<Socket>();
  const track = (socket: Socket): void => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  };
  server.on("connection", track);
  server.on("secureConnection", track);
  if (config.limits.connections > 0) server.maxConnections = config.limits.connections;
  await bind(server, config.address);
  const bound = server.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : 0;
  return {
    address: describeAddress(bound),
    port,
    reloadCertificates: reloader(server, config),
    drain: (timeoutMs) => drain(created, sockets, timeoutMs),
  };
}

function reloader(server: AnyServer, { tls }: HttpConfig): (() => void) | undefined {
  if (tls === undefined || !("setSecureContext" in server)) return undefined;
  return () => server.setSecureContext(readTls(tls));
}

async function bind(server: AnyServer, address: ListenAddress): Promise<void> {
  const passed = passedSocket(process.env);
  if (passed === undefined && !cluster.isWorker) await clearAddress(address);
  await new Promise<void>((resolve, reject) => {
    // It stays: an accept that fails later, for want of descriptors, must not end the process. Rejecting is over by then.
    server.on("error", (error: NodeJS.ErrnoException) => reject(listenError(error, address)));
    server.listen(passed === undefined ? listenOptions(address) : { fd: passed }, resolve);
  });
}

function describeAddress(bound: AddressInfo | string | null): string {
  return typeof bound === "object" && bound !== null ? formatHostPort({ host: bound.address, port: bound.port }) : (bound ?? "");
}

async function drain({ server, closeSessions }: CreatedServer, sockets: ReadonlySet<Socket>, timeoutMs: number): Promise<boolean> {
  let finished = true;
  // That of HTTP servers would also cut off answers that slow clients still read.
  const closed = new Promise<void>((resolve) => NetServer.prototype.close.call(server, () => resolve()));
  closeSessions();
  server.prependListener("request", (_request: IncomingMessage, response: ServerResponse) => {
    if ("shouldKeepAlive" in response) response.shouldKeepAlive = false; // HTTP/2 has its own way
  });
  // Connections become idle one by one, and Node leaves those that clients keep for later open.
  const idle = setInterval(() => closeIdle(server, sockets), IDLE_CHECK_MS);
  closeIdle(server, sockets);
  // Node takes a connection that has sent nothing for a busy one; a request may be on its way, but not for long.
  const silent = setTimeout(() => {
    for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
  }, SILENCE_MS);
  const timer = setTimeout(() => {
    finished = false;
    for (const socket of sockets) socket.destroy();
  }, timeoutMs);
  await closed;
  clearTimeout(timer);
  clearTimeout(silent);
  clearInterval(idle);
  return finished;
}

/** Node takes a connection for idle once its answer was handed over, although it may still be on its way. */
function closeIdle(server: AnyServer, sockets: ReadonlySet<Socket>): void {
  for (const socket of sockets) if (socket.writableLength > 0) return;
  if ("closeIdleConnections" in server) server.closeIdleConnections();
}
