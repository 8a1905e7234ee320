/** Every exported name of the packages has TSDoc, and so has every member that its name and type do not explain. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { undocumented, undocumentedMembers } from "./undocumented.ts";
import { files, ROOT, report } from "./workspace.ts";

const TESTS = /\.test(?:-kit|-support)?\.ts$/;

const problems: string[] = [];
const sources = (await files("packages/*/src/**/*.ts")).filter((path) => !path.endsWith(".test.ts"));
for (const path of sources) {
  const text = await readFile(join(ROOT, path), "utf8");
  const members = TESTS.test(path) ? [] : undocumentedMembers(path, text);
  for (const found of [...undocumented(path, text), ...members]) problems.push(`${path}:${found} has no TSDoc`);
}
report(problems, `${sources.length} files, every export documented`);
