import type { Socket } from "node:net";
import { ConnectionFailure } from "./connection-failure.ts";
import { errorCode } from "./error-code.ts";
import { plainText } from "./plain-text.ts";
import { isTemporary } from "./temporary.ts";

/** Characters of what a proxy calls its refusal. */
const MAX_WORDS = 100;

/** The connection to a proxy; who reads that it failed hears that it was the proxy's. */
export async function reachProxy(proxy: URL, connecting: Promise<Socket>): Promise<Socket> {
  try {
    return await connecting;
  } catch (error) {
    throw proxyFailure(proxy, `cannot be reached (${errorCode(error) ?? String(error)})`, error);
  }
}

/** A proxy's refusal. One that may pass, as the same status of a registry, is worth another try. */
export function proxyRefusal(proxy: URL, status: number, words: string = ""): ConnectionFailure {
  const message = `the proxy "${proxy.host}" answered ${status} ${plainText(words).slice(0, MAX_WORDS)}`.trimEnd();
  return new ConnectionFailure(isTemporary(status, []) ? "ERR_PROXY_UNAVAILABLE" : "ERR_PROXY", message);
}

/** The failure of a proxy. `what` fits behind its name. */
export function proxyFailure(proxy: URL, what: string, cause?: unknown): ConnectionFailure {
  return new ConnectionFailure("ERR_PROXY", `the proxy "${proxy.host}" ${what}`, { cause });
}
