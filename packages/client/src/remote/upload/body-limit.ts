import type { Connection } from "../connection.ts";
import { originalOf } from "../connection-face.ts";

/** By connection: nothing outlives its connection. */
const limits = new WeakMap<Connection, number>();

/**
 * Bytes that one request of an upload over a connection holds at most, where that is known: it was said with {@link limitBodies}, or
 * something on the way refused a larger one (413) and took chunks of this size. Undefined: blobs are sent whole.
 */
export function bodyLimitOf(connection: Connection): number | undefined {
  return limits.get(originalOf(connection));
}

/**
 * Says how much one request of an upload over a connection may hold: larger blobs are then sent in chunks from the start. When even that
 * is refused as too large it is lowered. For proxies that limit bodies; a registry that wants larger chunks gets those.
 *
 * @param bytes from 1; undefined: whatever was known is forgotten.
 * @throws {RangeError}
 */
export function limitBodies(connection: Connection, bytes: number | undefined): void {
  if (bytes === undefined) {
    limits.delete(originalOf(connection));
    return;
  }
  if (!Number.isSafeInteger(bytes) || bytes < 1)
    throw new RangeError(`Cannot limit bodies to ${bytes} bytes: expected a whole number from 1`);
  limits.set(originalOf(connection), bytes);
}

/** Lowers the limit to what was found to pass; never raises it. */
export function learnBodyLimit(connection: Connection, bytes: number): void {
  const known = bodyLimitOf(connection);
  if (known === undefined || bytes < known) limits.set(originalOf(connection), bytes);
}
