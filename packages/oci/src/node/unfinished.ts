import { createHash, randomBytes } from "node:crypto";
import { readdir, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { isRunning, type ProcessIdentity, thisProcess } from "./process-identity.ts";

const STAMP = /^(\d+)-(\d*)-([0-9a-f]{8})-[0-9a-f]{8}$/;

/** Of this process, the same for all names. */
let own: string | undefined;

/** A name for something that this process is about to finish, and that others can tell from what a dead one left. */
export function unfinishedName(prefix: string): string {
  own ??= markOf(thisProcess());
  return `${prefix}${own}-${randomBytes(4).toString("hex")}`;
}

/** A path beside a file, in its folder, for it until it is whole and can be renamed: such as `/srv/.app.tar.partial-...` for `/srv/app.tar`. */
export function unfinishedBeside(path: string): string {
  return join(dirname(path), unfinishedName(prefixOf(path)));
}

/** Removes what processes that were killed left of a file under names of {@link unfinishedBeside}; other files of the folder stay. */
export async function removeAbandonedBeside(path: string): Promise<void> {
  await removeAbandoned(dirname(path), prefixOf(path));
}

function prefixOf(path: string): string {
  return `.${basename(path)}.partial-`;
}

/**
 * Removes what processes that were killed left unfinished under names with a prefix. What belongs to a process of another machine or
 * container stays: whether that is alive cannot be told from here. What cannot be removed stays, too.
 */
export async function removeAbandoned(folder: string, prefix: string): Promise<void> {
  try {
    for (const name of await readdir(folder)) {
      if (name.startsWith(prefix) && isAbandoned(name.slice(prefix.length))) await rm(join(folder, name), { recursive: true, force: true });
    }
  } catch {
    // a folder that is not there, or may only be written to: nothing depends on this
  }
}

function isAbandoned(stamp: string): boolean {
  const [, pid, startedAt, mark] = STAMP.exec(stamp) ?? [];
  const here = thisProcess();
  if (pid === undefined || startedAt === undefined || mark !== placeMark(here)) return false;
  return isRunning({ ...here, pid: Number(pid), startedAt }) === false;
}

function markOf(owner: ProcessIdentity): string {
  return `${owner.pid}-${owner.startedAt}-${placeMark(owner)}`;
}

/** Short enough for a file name; whoever has another one is left alone. */
function placeMark({ place }: ProcessIdentity): string {
  return createHash("sha256").update(place).digest("hex").slice(0, 8);
}
