import type { Connection } from "./connection.ts";

const originals = new WeakMap<Connection, Connection>();

/** Says that `face` only adds something to a connection: what belongs to that one belongs to both. Returns `face`. */
export function faceOf(connection: Connection, face: Connection): Connection {
  originals.set(face, originalOf(connection));
  return face;
}

/** The connection behind all faces: what is kept for each connection is kept for this one. */
export function originalOf(connection: Connection): Connection {
  return originals.get(connection) ?? connection;
}
