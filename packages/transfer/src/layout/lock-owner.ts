import { isJsonObject } from "@berth/oci";
import { type ProcessIdentity, thisProcess } from "@berth/oci/node";

/** Who holds a lock, as its file says. */
export interface LockOwner extends ProcessIdentity {
  /** Another one for each lock taken. */
  readonly token: string;
}

/** This process as the owner of a lock. */
export function thisOwner(token: string): LockOwner {
  return { token, ...thisProcess() };
}

/** Reads what a lock file says; undefined when it says nothing sensible, as while it is being written. */
export function parseOwner(text: string): LockOwner | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined; // cut short
  }
  if (!isJsonObject(value)) return undefined;
  const { token, pid, place, startedAt } = value;
  if (typeof token !== "string" || typeof pid !== "number" || typeof place !== "string" || typeof startedAt !== "string") return undefined;
  return { token, pid, place, startedAt };
}
