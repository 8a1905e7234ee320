/** Writes the generated pages of the manual; with `--check` says which of them differ from the tables instead. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { referencePages } from "./reference-pages.ts";
import { ROOT, report } from "./workspace.ts";

const check = process.argv.includes("--check");
const pages = await referencePages();
const stale: string[] = [];
for (const [path, text] of pages) {
  const file = join(ROOT, path);
  const old = await readFile(file, "utf8").catch(() => undefined); // a page that is not there yet
  if (old === text) continue;
  stale.push(path);
  if (check) continue;
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}
if (check) {
  const problems = stale.map((path) => `${path}: differs from the code, run npm run reference`);
  report(problems, `${pages.size} pages as the code`);
} else {
  console.log(stale.length === 0 ? "Nothing changed" : `Wrote ${stale.join(", ")}`);
}
