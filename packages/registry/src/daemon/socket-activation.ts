import cluster from "node:cluster";
import { ListenError } from "./listen-error.ts";

/** The first descriptor that systemd passes. */
const FIRST_DESCRIPTOR = 3;

/** The variables that systemd sets. */
export interface ActivationVariables {
  /** The process that the sockets are for. */
  readonly LISTEN_PID?: string;
  /** How many sockets there are. */
  readonly LISTEN_FDS?: string;
}

/**
 * The listening socket that systemd passed to this process, instead of the configured address. A worker asks for its parent, which hands
 * the socket on. @see sd_listen_fds(3)
 *
 * @throws {ListenError} when there is more than one.
 */
export function passedSocket(
  variables: ActivationVariables,
  pid: number = cluster.isWorker ? process.ppid : process.pid,
): number | undefined {
  if (variables.LISTEN_PID !== String(pid)) return undefined; // meant for another process, or not there
  const count = Number(variables.LISTEN_FDS);
  if (!Number.isInteger(count) || count < 1) return undefined;
  if (count > 1) throw new ListenError(`systemd passes ${count} sockets, expected one`);
  return FIRST_DESCRIPTOR;
}
