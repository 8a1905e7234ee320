import { rmdir, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { makeFolder } from "@berth/oci/node";
import { ignoreMissing } from "./errno.ts";

/** Folders that were made for something that may not come. */
export interface MadeFolders {
  /** Removes those that nothing came into. Somebody else may use them by now: what holds anything stays. */
  leave(): Promise<void>;
}

/** Makes a folder and those above it that are missing. @throws what the system says. */
export async function makeFolders(path: string): Promise<MadeFolders> {
  const missing: string[] = [];
  for (let folder = resolve(path); (await stat(folder).catch(ignoreMissing)) === undefined; folder = dirname(folder)) missing.push(folder);
  await makeFolder(path);
  return {
    async leave() {
      for (const folder of missing) {
        try {
          await rmdir(folder);
        } catch {
          return; // something is in it, and so in those above; or the system does not let us, and an empty folder harms nobody
        }
      }
    },
  };
}
