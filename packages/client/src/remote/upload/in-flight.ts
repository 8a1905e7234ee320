import { unlessAborted } from "@berth/oci/node";
import type { Digest } from "@berth/oci";
import type { Connection } from "../connection.ts";
import { originalOf } from "../connection-face.ts";
import type { RepositoryPlace } from "../context.ts";

/** Pushes that run, by connection: nothing outlives its connection. */
const running = new WeakMap<Connection, Map<string, Promise<void>>>();

/**
 * Runs `push` unless the same blob is on its way to the same repository over this connection: then waits for that, and runs `push` only
 * when it failed. True when `push` ran.
 */
export async function pushOnce(
  { connection, name }: RepositoryPlace,
  digest: Digest,
  signal: AbortSignal | undefined,
  push: () => Promise<void>,
): Promise<boolean> {
  const key = `${name}@${digest}`;
  const original = originalOf(connection);
  const pushes = running.get(original) ?? new Map<string, Promise<void>>();
  running.set(original, pushes);
  for (let other = pushes.get(key); other !== undefined; other = pushes.get(key)) if (await succeeds(other, signal)) return false;
  const own = push();
  pushes.set(key, own);
  try {
    await own;
  } finally {
    pushes.delete(key);
  }
  return true;
}

/** Waits for somebody else's push; rejects only with the reason of our own signal. */
async function succeeds(push: Promise<void>, signal: AbortSignal | undefined): Promise<boolean> {
  const outcome = push.then(
    () => true,
    () => false,
  );
  return await unlessAborted(outcome, signal);
}
