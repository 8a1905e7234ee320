/** Relative links of the Markdown pages point at something. */
import { access, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { files, ROOT, report } from "./workspace.ts";

const LINK = /\]\((?![a-z]+:|#)([^)#\s]+)(?:#[^)\s]*)?\)/g;

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
  }
}
report(problems, `${count} links lead somewhere`);
