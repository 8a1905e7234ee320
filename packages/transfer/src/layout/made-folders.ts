import { statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { makeFolder } from "@berth/oci/node";
import { removeIfEmpty } from "./remove-if-empty.ts";

/** Folders that were made for something that may not come. */
export interface MadeFolders {
  /** Removes those that nothing came into. Somebody else may use them by now: what holds anything stays. */
  leave(): void;
}

/** Makes a folder and those above it that are missing. @throws what the system says. */
export async function makeFolders(path: string): Promise<MadeFolders> {
  const missing: string[] = [];
  for (let folder = resolve(path); statSync(folder, { throwIfNoEntry: false }) === undefined; folder = dirname(folder))
    missing.push(folder);
  await makeFolder(path);
  return {
    leave() {
      for (const folder of missing) if (!removeIfEmpty(folder)) return; // what is in it is in those above, too
    },
  };
}
