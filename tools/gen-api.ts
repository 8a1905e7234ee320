/** Writes what each published package exports to its `api.md`; with `--check` says which pages differ from the code instead. */
import { readFile, writeFile } from "node:fs/promises";
import { relative } from "node:path";
import { apiReports } from "./api-report.ts";
import { ROOT, report, workspacePackages } from "./workspace.ts";

const check = process.argv.includes("--check");
const pages = apiReports((await workspacePackages()).filter(({ json }) => json.private !== true));
const stale: string[] = [];
for (const [file, text] of pages) {
  const old = await readFile(file, "utf8").catch(() => undefined); // a page that is not there yet
  if (old === text) continue;
  stale.push(relative(ROOT, file));
  if (!check) await writeFile(file, text);
}
if (check) {
  const problems = stale.map((path) => `${path}: differs from what the code exports, run npm run api and look at the difference`);
  report(problems, `${pages.size} packages export what their pages say`);
} else {
  console.log(stale.length === 0 ? "Nothing changed" : `Wrote ${stale.join(", ")}`);
}
