import type { OnReadOpts, Socket } from "node:net";
import { buildConnector, errors } from "undici";
import { ConnectionFailure, connectionFailure } from "./connection-failure.ts";
import { readBeforeWriteFails } from "./socket-writes.ts";
import type { TlsSettings } from "./tls-options.ts";

/** Where a connection goes. */
export interface ConnectTarget {
  readonly hostname: string;
  readonly port: number;
  /** `host:port`, or `host` alone for the default port. */
  readonly host: string;
  readonly isSecure: boolean;
}

/** Options of {@link createConnector}. */
export interface ConnectorOptions {
  /** Milliseconds until the TCP connection must stand. */
  readonly connectTimeoutMs: number;
  /** Milliseconds for the TLS handshake. */
  readonly tlsTimeoutMs: number;
  /** TLS settings for a host (`host` or `host:port`); asked once a host. */
  readonly tlsFor: (host: string) => Promise<TlsSettings>;
  /** Where targets are really found: `host:port` to a name or address. */
  readonly addresses?: ReadonlyMap<string, string>;
  /** Where bytes of plain TCP are read to; absent: into fresh memory. Not for TLS, which reads by itself. */
  readonly onread?: OnReadOpts;
  /** Opens a way to the target through a proxy; undefined: go straight. */
  readonly tunnel?: (target: ConnectTarget, direct: (target: ConnectTarget) => Promise<Socket>) => Promise<Socket> | undefined;
}

/** Makes the sockets that undici speaks HTTP/1.1 over. */
export function createConnector(options: ConnectorOptions): buildConnector.connector {
  const { onread } = options;
  const tcp = buildConnector({ timeout: options.connectTimeoutMs, allowH2: false, ...(onread && { onread }) });
  const secure = new Map<string, Promise<buildConnector.connector>>();

  function secureFor(host: string): Promise<buildConnector.connector> {
    let made = secure.get(host);
    if (made === undefined) {
      made = options.tlsFor(host).then((tls) => buildConnector({ ...tls, timeout: options.tlsTimeoutMs, allowH2: false }));
      made.catch(() => secure.delete(host)); // the settings may be readable the next time
      secure.set(host, made);
    }
    return made;
  }

  async function plain({ hostname, port, host }: ConnectTarget): Promise<Socket> {
    const address = options.addresses?.get(`${hostname}:${port}`) ?? hostname;
    return call(tcp, { protocol: "http:", hostname: address, host, port: String(port) });
  }

  async function direct(target: ConnectTarget): Promise<Socket> {
    const socket = await plain(target);
    return target.isSecure ? upgrade(target, socket) : socket;
  }

  async function upgrade({ hostname, port, host }: ConnectTarget, httpSocket: Socket): Promise<Socket> {
    try {
      const connect = await secureFor(host);
      return await call(connect, { protocol: "https:", hostname, host, port: String(port), httpSocket });
    } catch (error) {
      httpSocket.destroy();
      if (error instanceof errors.ConnectTimeoutError) throw new ConnectionFailure("ERR_TLS_TIMEOUT", error.message, { cause: error });
      throw error;
    }
  }

  async function open(target: ConnectTarget): Promise<Socket> {
    const tunnel = target.isSecure ? options.tunnel?.(target, direct) : undefined;
    return tunnel === undefined ? direct(target) : upgrade(target, await tunnel);
  }

  return ({ hostname, host, port, protocol }, callback) => {
    const isSecure = protocol === "https:";
    const target = { hostname, host: host ?? hostname, port: Number(port) || (isSecure ? 443 : 80), isSecure };
    open(target).then(
      (socket) => callback(null, readBeforeWriteFails(socket)),
      (error: unknown) => callback(connectionFailure(error), null),
    );
  };
}

function call(connect: buildConnector.connector, options: buildConnector.Options): Promise<Socket> {
  return new Promise((resolve, reject) => {
    connect(options, (...[error, socket]) => {
      if (error === null) resolve(socket);
      else reject(error);
    });
  });
}
