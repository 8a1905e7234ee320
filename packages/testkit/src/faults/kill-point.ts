import { fileURLToPath } from "node:url";
import type { Random } from "./random.ts";

/** Calls around which a server can be made to die: system calls of the storage driver, and the commit of the metadata. */
const KILL_CALLS = ["open", "write", "fdatasync", "fsync", "link", "rename", "unlink", "mkdir", "rmdir", "commit"] as const;

/** A moment at which a server kills itself. */
export interface KillPoint {
  /** Such as `link:after:3`. */
  readonly name: string;
  /** To be loaded before the server. */
  readonly preload: string;
  readonly env: Readonly<Record<string, string>>;
}

/** A point of a random kind, early enough to be met soon. */
export function randomKillPoint(random: Random): KillPoint {
  const call = random.pick(KILL_CALLS) ?? "commit";
  const moment = random.chance(0.5) ? "before" : "after";
  return killPoint(`${call}:${moment}:${1 + random.int(call === "rename" || call === "rmdir" ? 3 : 25)}`);
}

/** The point of this name: `<call>:<before|after>:<n>`. */
export function killPoint(name: string): KillPoint {
  return { name, preload: fileURLToPath(new URL("./kill-points.ts", import.meta.url)), env: { BERTH_KILL_POINT: name } };
}
