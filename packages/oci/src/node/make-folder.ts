import { mkdirSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";

/**
 * Makes a folder and the parents that it lacks; one that is there is fine. `mode` is that of every folder made, 0777 minus the umask
 * unless given. Stands in for Node's recursive `mkdir`, which never returns where the system refuses a folder below one that exists by
 * ENOENT, as in `/proc`. Made at once: it takes less time than a thread takes to be asked for it.
 *
 * @returns true when the folder was not there before.
 * @throws what the system says of the folder that cannot be made.
 */
export async function makeFolder(path: string, mode?: number): Promise<boolean> {
  const folder = resolve(path);
  const first = tryMaking(folder, mode);
  if (typeof first === "boolean") return first;
  await makeFolder(dirname(folder), mode);
  const second = tryMaking(folder, mode);
  if (typeof second === "boolean") return second;
  throw second;
}

/** Whether it was made now; an error when a parent is missing, or seems to be. @throws any other. */
function tryMaking(folder: string, mode: number | undefined): boolean | Error {
  try {
    mkdirSync(folder, mode === undefined ? {} : { mode });
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT" && dirname(folder) !== folder) return error;
    if (isFolder(folder)) return false;
    throw error;
  }
}

/** False when the system does not say: what `mkdir` said is the better reason. */
function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
