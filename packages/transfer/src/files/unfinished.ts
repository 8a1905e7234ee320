import { createHash, randomBytes } from "node:crypto";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { ignoreMissing } from "../layout/errno.ts";
import { isAlive, type LockOwner, thisOwner } from "../layout/lock-owner.ts";

const STAMP = /^(\d+)-(\d*)-([0-9a-f]{8})-[0-9a-f]{8}$/;

/** A name for something that this process is about to finish, and that others can tell from what a dead one left. */
export function unfinishedName(prefix: string): string {
  const owner = thisOwner("");
  return `${prefix}${owner.pid}-${owner.startedAt}-${placeMark(owner)}-${randomBytes(4).toString("hex")}`;
}

/**
 * Removes what processes that were killed left unfinished under names with a prefix. What belongs to a process of another machine or
 * container stays: whether that is alive cannot be told from here.
 */
export async function removeAbandoned(folder: string, prefix: string): Promise<void> {
  const names = (await readdir(folder).catch(ignoreMissing)) ?? [];
  for (const name of names) {
    if (name.startsWith(prefix) && isAbandoned(name.slice(prefix.length))) await rm(join(folder, name), { recursive: true, force: true });
  }
}

function isAbandoned(stamp: string): boolean {
  const [, pid, startedAt, mark] = STAMP.exec(stamp) ?? [];
  const here = thisOwner("");
  if (pid === undefined || startedAt === undefined || mark !== placeMark(here)) return false;
  return isAlive({ ...here, pid: Number(pid), startedAt }) === false;
}

/** Short enough for a file name; whoever has another one is left alone. */
function placeMark({ place }: LockOwner): string {
  return createHash("sha256").update(place).digest("hex").slice(0, 8);
}
