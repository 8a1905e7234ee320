import { lstat, rm } from "node:fs/promises";
import { connect, createServer, type ListenOptions } from "node:net";
import { type ListenAddress, formatHostPort } from "../config/index.ts";
import { ListenError } from "./listen-error.ts";
import { passedSocket } from "./socket-activation.ts";

/**
 * Finds out whether an address can be listened on, before anything is made for a server that could not start; clears it as
 * {@link clearAddress} does.
 *
 * @throws {ListenError} when it cannot.
 */
export async function checkAddress(address: ListenAddress): Promise<void> {
  if (passedSocket(process.env) !== undefined) return; // bound already
  if (address.net === "unix") return await clearAddress(address);
  const server = createServer((early) => early.destroy()); // too early: refused as it would have been without this
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(listenError(error, address))).listen(listenOptions(address), resolve);
  });
  await new Promise((resolve) => server.close(resolve));
}

/** What Node is told of an address. */
export function listenOptions(address: ListenAddress): ListenOptions {
  if (address.net === "unix") return { path: address.path };
  return { port: address.port, ...(address.host === "" ? {} : { host: address.host }) };
}

/** Removes a unix socket that nobody listens at any more. @throws {ListenError} when something else is at its path. */
export async function clearAddress(address: ListenAddress): Promise<void> {
  if (address.net !== "unix") return;
  const { path } = address;
  const stats = await lstat(path).catch(() => undefined); // absent: nothing to remove
  if (stats === undefined) return;
  if (!stats.isSocket()) throw new ListenError(`"${path}" exists and is not a socket`);
  if (await answers(path)) throw new ListenError(`${path} is already in use`);
  await rm(path);
}

async function answers(path: string): Promise<boolean> {
  const socket = connect(path);
  try {
    return await new Promise((resolve) => socket.once("connect", () => resolve(true)).once("error", () => resolve(false)));
  } finally {
    socket.destroy();
  }
}

/** Why an address cannot be listened on, in one line. */
export function listenError(error: NodeJS.ErrnoException, address: ListenAddress): ListenError {
  const where = address.net === "unix" ? address.path : formatHostPort(address);
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: `${where} is already in use`,
    EADDRNOTAVAIL: `${where} is not an address of this machine`,
    EACCES: `${where} needs more rights than this process has`,
  };
  return new ListenError(reasons[error.code ?? ""] ?? `${where}: ${error.code ?? "unknown reason"}`, { cause: error });
}
