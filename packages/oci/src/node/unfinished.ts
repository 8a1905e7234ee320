import { createHash, randomUUID } from "node:crypto";
import { lstat, mkdir, readdir, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { isRunning, type ProcessIdentity, thisProcess } from "./process-identity.ts";

const STAMP = /^(\d+)-(\d*)-([0-9a-f]{8})-[0-9a-f]{8}$/;

/** Of what its process has left for others, instead of a stamp. */
const LEFT = /^left-[0-9a-f]{8}$/;

/** From the name of a {@link WorkFolder} on. */
const IN_WORK = /[/\\]berth-[a-z]+-\d+-\d*-[0-9a-f]{8}-[0-9a-f]{8}(?:[/\\]|$)/;

/** Of this process, the same for all names. */
let own: string | undefined;

/** A name for something that this process is about to finish, and that others can tell from what a dead one left. */
export function unfinishedName(prefix: string): string {
  own ??= markOf(thisProcess());
  return `${prefix}${own}-${randomUUID().slice(0, 8)}`;
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

/** A folder for work under way. Dispose of it, or it stays until the next one for the same purpose is made after this process has ended. */
export interface WorkFolder extends AsyncDisposable {
  readonly path: string;
}

/**
 * Makes a folder that only this user can look into, and removes what killed processes left of such folders.
 *
 * @param purpose part of its name: `push`.
 * @param parent default: where the system has such folders.
 */
export async function makeWorkFolder(purpose: string, parent: string = tmpdir()): Promise<WorkFolder> {
  const prefix = `berth-${purpose}-`;
  await removeAbandoned(parent, prefix);
  const path = join(parent, unfinishedName(prefix));
  await mkdir(path, { mode: 0o700 });
  return { path, [Symbol.asyncDispose]: async () => await rm(path, { recursive: true, force: true }) };
}

/** Where a path is, for people: of one that leads into folders for work under way, the folder that the first of these is in. */
export function outsideOfWork(path: string): string {
  const at = path.search(IN_WORK);
  return at < 0 ? path : path.slice(0, at) || path.slice(0, 1);
}

/**
 * Removes what was left unfinished under names with a prefix, by processes that were killed or gave it up. What belongs to a process of another machine or
 * container stays: whether that is alive cannot be told from here. What is another user's, or cannot be removed, stays, too.
 */
export async function removeAbandoned(folder: string, prefix: string): Promise<void> {
  const names = await readdir(folder).catch(() => []); // it is not there, or may only be written to
  for (const name of names) {
    if (name.startsWith(prefix) && isAbandoned(name.slice(prefix.length))) await removeOwn(join(folder, name)).catch(() => undefined);
  }
}

/**
 * Gives up a file that this process did not finish, for whoever takes it over: it gets a name that belongs to nobody.
 *
 * @param path its name begins with `prefix`.
 */
export async function leaveUnfinished(path: string, prefix: string): Promise<void> {
  await rename(path, join(dirname(path), `${prefix}left-${randomUUID().slice(0, 8)}`));
}

/**
 * Takes over what {@link leaveUnfinished} gave up, or a process that was killed left unfinished, under a name with a prefix: it gets a name
 * of this process, and so belongs to nobody else.
 *
 * @returns its new path; undefined when there is nothing. Of several the largest, the others stay.
 */
export async function takeAbandoned(folder: string, prefix: string): Promise<string | undefined> {
  const names = await readdir(folder).catch(() => []);
  const abandoned = names.filter((name) => name.startsWith(prefix) && isAbandoned(name.slice(prefix.length)));
  const found = await Promise.all(abandoned.map(async (name) => ({ name, stats: await lstat(join(folder, name)).catch(() => undefined) })));
  const own = found.filter(({ stats }) => stats?.isFile() === true && stats.uid === (process.getuid?.() ?? stats.uid));
  for (const { name } of own.sort((a, b) => (b.stats?.size ?? 0) - (a.stats?.size ?? 0))) {
    const path = join(folder, unfinishedName(prefix));
    try {
      await rename(join(folder, name), path);
      return path;
    } catch {
      // somebody else took it
    }
  }
  return undefined;
}

/** In a folder that all may write to, somebody else's entry could turn into a link while it is removed. */
async function removeOwn(path: string): Promise<void> {
  const { uid } = await lstat(path);
  if (uid === (process.getuid?.() ?? uid)) await rm(path, { recursive: true, force: true });
}

function isAbandoned(stamp: string): boolean {
  if (LEFT.test(stamp)) return true;
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
