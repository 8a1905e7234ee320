/** Every dependency of every package.json stands with its reason in the table of ARCHITECTURE.md, and nothing else does. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ROOT, readPackageJson, report, workspacePackages } from "./workspace.ts";

const ROW = /^\| `([^`]+)` \| [^|]+ \| ([^|]+) \|$/gm;

const text = await readFile(join(ROOT, "ARCHITECTURE.md"), "utf8");
const section = /^## Dependencies\n([\s\S]*?)(?=^## |$(?![\s\S]))/m.exec(text)?.[1] ?? "";
const explained = new Set([...section.matchAll(ROW)].map((match) => match[1] ?? ""));

const used = new Map<string, string>();
const root = { folder: ROOT, json: await readPackageJson(ROOT) };
for (const { json } of [root, ...(await workspacePackages())]) {
  const lists = [json.dependencies, json.devDependencies, json.peerDependencies, json.optionalDependencies];
  for (const name of lists.flatMap((list) => Object.keys(list ?? {}))) {
    if (!name.startsWith("@berth/")) used.set(name, json.name);
  }
}

const problems: string[] = [];
for (const [name, user] of used) {
  if (!explained.has(name)) problems.push(`${name}: used by ${user}, but its reason is missing in ARCHITECTURE.md, "Dependencies"`);
}
for (const name of explained) {
  if (!used.has(name)) problems.push(`${name}: in the table of ARCHITECTURE.md, but no package.json names it`);
}
report(problems, `${used.size} dependencies, each with its reason`);
