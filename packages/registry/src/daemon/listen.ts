import type { RequestListener } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { lstat, rm } from "node:fs/promises";
import { BerthError } from "@berth/oci";
import { type HttpConfig, type ListenAddress, formatHostPort, readTls } from "../config/index.ts";
import { type AnyServer, type CreatedServer, createServer } from "./create-server.ts";

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

/** Binds and starts to answer. @throws {ListenError} when the address is taken, not ours, or not allowed. */
export async function listen(handler: RequestListener, config: HttpConfig): Promise<Listening> {
  const created = createServer(handler, config);
  const { server } = created;
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  if (config.limits.connections > 0) server.maxConnections = config.limits.connections;
  await bind(server, config.address);
  const bound = server.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : 0;
  return { address: describeAddress(config.address, bound), port, reloadCertificates: reloader(server, config), drain: (timeoutMs) => drain(created, sockets, timeoutMs) };
}

function reloader(server: AnyServer, { tls }: HttpConfig): (() => void) | undefined {
  if (tls === undefined || !("setSecureContext" in server)) return undefined;
  return () => server.setSecureContext(readTls(tls));
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

async function drain({ server, closeSessions }: CreatedServer, sockets: ReadonlySet<Socket>, timeoutMs: number): Promise<boolean> {
  let finished = true;
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  closeSessions();
  if ("closeIdleConnections" in server) server.closeIdleConnections();
  const timer = setTimeout(() => {
    finished = false;
    for (const socket of sockets) socket.destroy();
  }, timeoutMs);
  await closed;
  clearTimeout(timer);
  return finished;
}
