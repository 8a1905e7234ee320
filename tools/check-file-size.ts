/** Keeps files small: over 300 lines is said, over 500 fails. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { files, ROOT, report } from "./workspace.ts";

const SAID = 300;
const LIMIT = 500;

/** Data tables that may be longer, each with its reason. */
const TABLES: Readonly<Record<string, string>> = {};

const problems: string[] = [];
let count = 0;
for (const path of await files(["packages/*/src/**/*.ts", "tools/**/*.ts", "tests/**/*.ts", "bench/**/*.ts"])) {
  count++;
  const lines = (await readFile(join(ROOT, path), "utf8")).trimEnd().split("\n").length;
  if (lines > LIMIT && TABLES[path] === undefined) problems.push(`${path}: ${lines} lines, the limit is ${LIMIT}: split it by noun`);
  else if (lines > SAID) console.log(`${path}: ${lines} lines, over ${SAID}`);
}
for (const path of Object.keys(TABLES)) {
  const found = await files(path);
  if (found.length === 0) problems.push(`${path}: listed as a data table but not there`);
}
report(problems, `${count} files, none over ${LIMIT} lines`);
