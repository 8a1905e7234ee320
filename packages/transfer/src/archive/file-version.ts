import { statSync } from "node:fs";

/** What stands for any file, and for none. */
export const ANY_FILE = "any";

/** Tells the file at a path from one that replaces it; "" when there is none. */
export function versionOfFile(path: string): string {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found === undefined ? "" : `${found.ino} ${found.mtimeNs} ${found.size}`;
}
