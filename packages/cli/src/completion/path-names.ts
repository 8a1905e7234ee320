import { type Dirent } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Candidate } from "./candidate.ts";

/** Candidates among what is here. A folder has a slash at its end, after which its own files follow; what starts with a dot has to be asked for so. */
export async function pathNames(path: string, wanted: "file" | "folder"): Promise<readonly Candidate[]> {
  const end = path.lastIndexOf("/") + 1;
  const folder = path.slice(0, end);
  const start = path.slice(end);
  const entries = await readdir(folder || ".", { withFileTypes: true }).catch(() => []);
  const named = entries.filter(({ name }) => name.startsWith(start) && name.startsWith(".") === start.startsWith(".") && isPlain(name));
  const found = await Promise.all(named.map(async (entry) => [entry.name, await isFolder(entry)] as const));
  return found
    .filter(([, holds]) => holds || wanted === "file")
    .map(([name, holds]) => ({ value: `${folder}${name}${holds ? "/" : ""}`, meaning: "" }))
    .toSorted((a, b) => (a.value < b.value ? -1 : 1));
}

/** Lines and tabs part candidates. */
function isPlain(name: string): boolean {
  return !/\p{Cc}/u.test(name);
}

async function isFolder(entry: Dirent): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  const found = await stat(join(entry.parentPath, entry.name)).catch(() => undefined);
  return found?.isDirectory() === true;
}
