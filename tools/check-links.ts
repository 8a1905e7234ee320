/** Relative links of the Markdown pages point at something; those of a package at what is packed with it. */
import { access, readFile } from "node:fs/promises";
import { dirname, join, matchesGlob, posix } from "node:path";
import { files, readPackageJson, ROOT, report } from "./workspace.ts";

const LINK = /\]\((?![a-z]+:|#)([^)#\s]+)(?:#[^)\s]*)?\)/g;

/** What npm packs whatever a package says. */
const ALWAYS: readonly string[] = ["package.json", "README.md", "LICENSE"];

const problems: string[] = [];
let count = 0;
for (const page of await files(["*.md", "packages/*/*.md", "docs/**/*.md"])) {
  const text = (await readFile(join(ROOT, page), "utf8")).replace(/^```[\s\S]*?^```$/gm, "");
  for (const [, target = ""] of text.matchAll(LINK)) {
    count++;
    const found = await access(join(ROOT, dirname(page), target)).then(
      () => true,
      () => false,
    );
    if (!found) problems.push(`${page}: nothing at "${target}"`);
    else if (!(await isPacked(page, target))) problems.push(`${page}: "${target}" is not in the package, so name it without a link`);
  }
}
report(problems, `${count} links lead somewhere`);

/** Whether a link of a package's page leads to what a stranger gets with it; true for all other pages, which are read in the repository. */
async function isPacked(page: string, target: string): Promise<boolean> {
  const [, folder] = /^(packages\/[^/]+)\//.exec(page) ?? [];
  if (folder === undefined) return true;
  const { private: isPrivate, files: packed = [] } = await readPackageJson(join(ROOT, folder));
  if (isPrivate === true) return true;
  const path = posix.relative(folder, posix.join(posix.dirname(page), target));
  const [top = ""] = path.split("/");
  const isLeftOut = packed.some((one) => one.startsWith("!") && matchesGlob(path, one.slice(1)));
  return ALWAYS.includes(path) || (packed.includes(top) && !isLeftOut);
}
