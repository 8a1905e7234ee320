import type { Socket } from "node:net";
import { MAX_TIMER_MS } from "../number-option.ts";
import { ConnectionFailure } from "./connection-failure.ts";
import type { ConnectTarget } from "./connector.ts";
import { errorCode } from "./error-code.ts";
import { proxyAuthorization } from "./proxy.ts";
import { proxyFailure, proxyRefusal, reachProxy } from "./reach-proxy.ts";

/**
 * Asks a proxy for a tunnel to a host. @see RFC 9110, section 9.3.6
 *
 * @param connect makes the connection to the proxy itself
 * @param timeoutMs until the proxy must have answered
 */
export async function openTunnel(
  proxy: URL,
  target: ConnectTarget,
  connect: (target: ConnectTarget) => Promise<Socket>,
  timeoutMs: number,
): Promise<Socket> {
  const isSecure = proxy.protocol === "https:";
  const hostname = proxy.hostname.replace(/^\[|\]$/g, "");
  const socket = await reachProxy(
    proxy,
    connect({ hostname, host: proxy.host, port: Number(proxy.port) || (isSecure ? 443 : 80), isSecure }),
  );
  const authority = target.hostname.includes(":") ? `[${target.hostname}]:${target.port}` : `${target.hostname}:${target.port}`;
  const authorization = proxyAuthorization(proxy);
  // imported at the start it would make Node load its own copy of undici: a third of the time that a short-lived program starts in
  const { request: httpRequest } = await import("node:http");
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const request = httpRequest({
    method: "CONNECT",
    path: authority,
    headers: { host: authority, ...(authorization && { "proxy-authorization": authorization }) },
    createConnection: () => socket,
  });
  const timer = setTimeout(() => request.destroy(proxyFailure(proxy, "did not answer in time")), timeoutMs || MAX_TIMER_MS);
  request.on("connect", ({ statusCode = 0, statusMessage }, tunnel, head) => {
    if (statusCode !== 200) {
      tunnel.destroy();
      reject(proxyRefusal(proxy, statusCode, statusMessage));
      return;
    }
    if (head.byteLength > 0) tunnel.unshift(head);
    resolve(socket);
  });
  request.on("response", ({ statusCode = 0 }) => {
    socket.destroy();
    reject(proxyRefusal(proxy, statusCode));
  });
  request.on("error", (error) =>
    reject(error instanceof ConnectionFailure ? error : proxyFailure(proxy, `broke off (${errorCode(error) ?? String(error)})`, error)),
  );
  request.end();
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
  }
}
