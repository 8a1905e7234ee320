import type { Socket } from "node:net";
import { ConnectionFailure } from "./connection-failure.ts";

/** The connection to a proxy; who reads that it failed hears that it was the proxy's. */
export async function reachProxy(proxy: URL, connecting: Promise<Socket>): Promise<Socket> {
  try {
    return await connecting;
  } catch (error) {
    throw proxyFailure(proxy, `cannot be reached (${codeOf(error)})`, error);
  }
}

/** The failure of a proxy. `what` fits behind its name. */
export function proxyFailure(proxy: URL, what: string, cause?: unknown): ConnectionFailure {
  return new ConnectionFailure("ERR_PROXY", `the proxy "${proxy.host}" ${what}`, { cause });
}

/** An error's code, else its words. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}
