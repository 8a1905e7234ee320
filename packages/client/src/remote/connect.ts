import type { Connection } from "./connection.ts";
import { type AnyConnectionOptions, type ConnectionOptions, createConnection, STACK_OPTIONS, type Without } from "./create-connection.ts";
import { withWarnings } from "./warnings.ts";

/** A connection that others use too. */
export interface SharedConnection extends Pick<AnyConnectionOptions, "onWarning"> {
  /** Shares connections, tokens and limits with everything else that uses it. Only `onWarning` can be given beside it. */
  readonly connection: Connection;
}

/** How to reach a registry: a connection that others use too, or what a new one is made of. */
export type RemoteOptions =
  | (ConnectionOptions & Without<Pick<SharedConnection, "connection">>)
  | (SharedConnection & Without<Omit<ConnectionOptions, "onWarning">>);

/**
 * The connection that options ask for.
 *
 * @throws {TypeError} when a connection is given together with what it should have been made of, or is one to another registry.
 */
export function connect(registry: string, options: RemoteOptions): Connection {
  const { connection, onWarning, ...rest } = options;
  if (connection === undefined) return createConnection(registry, options);
  const also = CONNECTION_OPTIONS.find((name) => rest[name] !== undefined);
  if (also !== undefined) throw new TypeError(`Cannot use ${also} with a connection: give it to createConnection()`);
  if (connection.registry !== registry) {
    throw new TypeError(`Cannot use a connection to "${connection.registry}" for "${registry}"`);
  }
  return onWarning === undefined ? connection : withWarnings(connection, onWarning);
}

const CONNECTION_OPTIONS: readonly Exclude<keyof ConnectionOptions, "onWarning">[] = [...STACK_OPTIONS, "transport", "plainHttp"];
