import { type OnReadOpts, Socket } from "node:net";
import { buildConnector, errors } from "undici";
import { ConnectionFailure, connectionFailure } from "./connection-failure.ts";
import { reachProxy } from "./reach-proxy.ts";
import { readBeforeWriteFails } from "./socket-writes.ts";
import { isUntrusted, type TlsSettings } from "./tls-options.ts";

/** Where a connection goes. */
export interface ConnectTarget {
  /** Name or address, without the port. */
  readonly hostname: string;
  /** That of the scheme where the URL names none. */
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
  /** Those that count from the first certificate on that is not trusted; absent: there are no others. */
  readonly wideTlsFor?: (host: string) => Promise<TlsSettings>;
  /** Where targets are really found: `host:port` to a name or address. */
  readonly addresses?: ReadonlyMap<string, string>;
  /** Where bytes of plain TCP are read to; absent: into fresh memory. Not for TLS, which reads by itself. */
  readonly onread?: OnReadOpts;
  /** Opens a way to the target through a proxy; undefined: go straight. */
  readonly tunnel?: (target: ConnectTarget, direct: (target: ConnectTarget) => Promise<Socket>) => Promise<Socket> | undefined;
  /** The proxy that the target is; undefined: it is none. */
  readonly proxyAt?: (target: ConnectTarget) => URL | undefined;
  /** Holds each TCP socket while it lives, also one that is being connected: who destroys it with an error ends the attempt. */
  readonly sockets?: Set<Socket>;
}

/** Makes the sockets that undici speaks HTTP/1.1 over. */
export function createConnector(options: ConnectorOptions): buildConnector.connector {
  const { onread, sockets, wideTlsFor } = options;
  let { tlsFor } = options;
  const tcp = buildConnector({ timeout: options.connectTimeoutMs, allowH2: false, ...(onread && { onread }) });
  const secure = new Map<string, Promise<buildConnector.connector>>();

  function secureFor(host: string): Promise<buildConnector.connector> {
    let made = secure.get(host);
    if (made === undefined) {
      made = tlsFor(host).then((tls) => buildConnector({ ...tls, timeout: options.tlsTimeoutMs, allowH2: false }));
      made.catch(() => secure.delete(host)); // the settings may be readable the next time
      secure.set(host, made);
    }
    return made;
  }

  async function plain({ hostname, port, host }: ConnectTarget): Promise<Socket> {
    const address = options.addresses?.get(`${hostname}:${port}`) ?? hostname;
    return call(tcp, { protocol: "http:", hostname: address, host, port: String(port) }, sockets);
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
    const before = tlsFor;
    try {
      return await reach(target);
    } catch (error) {
      if (wideTlsFor === undefined || before === wideTlsFor || !isUntrusted(error)) throw error;
      if (tlsFor !== wideTlsFor) secure.clear();
      tlsFor = wideTlsFor;
      return await reach(target);
    }
  }

  async function reach(target: ConnectTarget): Promise<Socket> {
    const tunnel = await options.tunnel?.(target, direct);
    if (tunnel !== undefined) return target.isSecure ? upgrade(target, tunnel) : tunnel;
    const proxy = options.proxyAt?.(target);
    return proxy === undefined ? direct(target) : reachProxy(proxy, direct(target));
  }

  return ({ hostname, host, port, protocol }, callback) => {
    const isSecure = protocol === "https:";
    const target = { hostname, host: host ?? hostname, port: Number(port) || (isSecure ? 443 : 80), isSecure };
    open(target).then(
      (socket) => {
        // servers of TLS 1.3 refuse a client's certificate behind the handshake, perhaps before anybody listens
        if (socket.errored !== null) callback(connectionFailure(socket.errored), null);
        else callback(null, readBeforeWriteFails(socket));
      },
      (error: unknown) => callback(connectionFailure(error), null),
    );
  };
}

/** @param sockets gets the socket, for as long as it lives */
function call(connect: buildConnector.connector, options: buildConnector.Options, sockets?: Set<Socket>): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const made: unknown = connect(options, (...[error, socket]) => {
      if (error !== null) return reject(error);
      // Node tells of an alert behind the handshake and lets the socket be; the end that follows would be taken for the reason
      socket.once("error", (alert: Error) => socket.destroy(alert));
      resolve(socket);
    });
    // undici does not promise the socket; without one the attempt ends by its time limit
    if (sockets !== undefined && made instanceof Socket) sockets.add(made.once("close", () => sockets.delete(made)));
  });
}
