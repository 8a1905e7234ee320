import { rmdirSync } from "node:fs";

/** Removes a folder that nothing is in. False when it stays: it is used, or gone, or the system does not let us, and harms nobody then. */
export function removeIfEmpty(folder: string): boolean {
  try {
    rmdirSync(folder); // waits for no disk
    return true;
  } catch {
    return false;
  }
}
