/** Every exported name of the packages has TSDoc. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { undocumented } from "./undocumented.ts";
import { files, ROOT, report } from "./workspace.ts";

const problems: string[] = [];
const sources = (await files("packages/*/src/**/*.ts")).filter((path) => !path.endsWith(".test.ts"));
for (const path of sources) {
  for (const found of undocumented(path, await readFile(join(ROOT, path), "utf8"))) problems.push(`${path}:${found} has no TSDoc`);
}
report(problems, `${sources.length} files, every export documented`);
