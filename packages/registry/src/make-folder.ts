import { mkdir, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";

/**
 * Makes a folder and the parents that it lacks; one that is there is fine. `mode` is that of every folder made, 0777 minus the umask
 * unless given. Stands in for Node's recursive `mkdir`, which never returns where the system refuses a folder below one that exists by
 * ENOENT, as in `/proc`.
 *
 * @throws what the system says of the folder that cannot be made.
 */
export async function makeFolder(path: string, mode?: number): Promise<void> {
  const folder = resolve(path);
  if ((await tryMaking(folder, mode)) === "made") return;
  await makeFolder(dirname(folder), mode);
  const again = await tryMaking(folder, mode);
  if (again !== "made") throw again;
}

/** An error when a parent is missing, or seems to be. @throws any other. */
async function tryMaking(folder: string, mode: number | undefined): Promise<"made" | Error> {
  try {
    await mkdir(folder, mode === undefined ? {} : { mode });
    return "made";
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT" && dirname(folder) !== folder) return error;
    const found = await stat(folder).catch(() => undefined); // what mkdir said is the better reason
    if (found?.isDirectory() === true) return "made";
    throw error;
  }
}
