import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { expect, test } from "vitest";

const root = import.meta.dirname;
const sources = globSync("**/*.ts", { cwd: root })
  .filter((file) => !file.includes(".test."))
  .sort();
const inNode = (file: string): boolean => file.startsWith("node/");

/** The only imports that are not files of this package. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  core: [],
  node: ["node:assert/strict", "node:crypto", "node:fs", "node:fs/promises", "node:os", "node:path", "node:stream", "node:util"],
};

/** Everything that a file imports, exports from, or loads later. */
function importsOf(file: string): readonly string[] {
  const text = readFileSync(join(root, file), "utf8");
  return [...text.matchAll(/^(?:import|export)\s(?:[^"';]*\sfrom\s)?"([^"]+)";|\bimport\("([^"]+)"\)/gm)].map(
    (match) => match[1] ?? match[2] ?? "",
  );
}

test("there are sources to look at, and the reader of imports sees them", () => {
  expect(sources.length).toBeGreaterThan(40);
  expect(importsOf("node/digester.ts")).toContain("node:crypto");
  expect(importsOf("index.ts")).toContain("./digest.ts");
});

test.each(sources)("%s imports only what it may", (file) => {
  const foreign = importsOf(file).filter((specifier) => !specifier.startsWith("."));
  const allowed = ALLOWED[inNode(file) ? "node" : "core"] ?? [];
  expect(foreign.filter((specifier) => !allowed.includes(specifier))).toEqual([]);
});

test.each(sources.filter((file) => !inNode(file)))("%s runs in a browser", (file) => {
  const local = importsOf(file).filter((specifier) => specifier.startsWith("."));
  const targets = local.map((specifier) => relative(root, resolve(root, dirname(file), specifier)));
  expect(targets.filter((target) => inNode(target) || target.startsWith(".."))).toEqual([]);
  const code = readFileSync(join(root, file), "utf8").replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
  expect(code).not.toMatch(/\b(?:Buffer|process|setImmediate|require|__dirname|global)\b(?!["'])\s*[.(]/);
});
