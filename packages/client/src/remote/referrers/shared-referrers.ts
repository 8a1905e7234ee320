import type { SharedCall } from "../../shared-call.ts";
import type { Connection } from "../connection.ts";
import { originalOf } from "../connection-face.ts";
import { CapabilityState } from "./capability.ts";
import { IndexUpdates } from "./index-updates.ts";

/** What was found out, and what is under way, about the referrers of one repository. */
export interface SharedReferrers {
  readonly capability: CapabilityState;
  readonly updates: IndexUpdates;
  ping: SharedCall<boolean> | undefined;
}

/** Repositories of one connection that are remembered. The one that was not asked for longest is forgotten, and found out again. */
const MAX_REMEMBERED = 1000;

/** By connection: nothing outlives its connection. */
const known = new WeakMap<Connection, Map<string, SharedReferrers>>();

/**
 * The one state that all objects for a repository share when they use one connection: the registry is asked once however many objects
 * are made, and changes of an index are made one after the other. Not shared between repositories: a registry may keep some of them
 * elsewhere, with other abilities.
 */
export function sharedReferrers(connection: Connection, repository: string): SharedReferrers {
  const original = originalOf(connection);
  const byName = known.get(original) ?? new Map<string, SharedReferrers>();
  known.set(original, byName);
  const found = byName.get(repository) ?? { capability: new CapabilityState(), updates: new IndexUpdates(), ping: undefined };
  byName.delete(repository);
  byName.set(repository, found);
  if (byName.size > MAX_REMEMBERED) forgetOldest(byName);
  return found;
}

/** What is busy is kept: a second state beside it would write the same index. */
function forgetOldest(byName: Map<string, SharedReferrers>): void {
  for (const [name, { updates, ping }] of byName) {
    if (!updates.isIdle || ping !== undefined) continue;
    byName.delete(name);
    return;
  }
}
