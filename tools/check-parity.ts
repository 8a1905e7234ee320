/** The tables of names in docs/parity.md name what is exported, and tests that there are. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parityProblems } from "./parity.ts";
import { files, ROOT, report, workspacePackages } from "./workspace.ts";

const PAGE = "docs/parity.md";
/** `[client/B-17,X-5] seek sends ...`: each id of the list, the prefix holding until the next one. */
const TITLE = /\[((?:client|server|engine)\/[^\]\s]+)\]/g;

const apis = new Map<string, string>();
for (const { folder, json } of await workspacePackages()) {
  const page = join(folder, "api.md");
  if (existsSync(page)) apis.set(json.name, await readFile(page, "utf8"));
}

const ids = new Set<string>();
for (const path of await files(["packages/*/src/**/*.ts", "tests/**/*.ts"])) {
  for (const [, list = ""] of (await readFile(join(ROOT, path), "utf8")).matchAll(TITLE)) {
    let prefix = "";
    for (const one of list.split(",")) {
      const [first = "", second] = one.split("/");
      if (second !== undefined) prefix = first;
      ids.add(`${prefix}/${second ?? first}`);
    }
  }
}

const page = await readFile(join(ROOT, PAGE), "utf8");
const hasFile = (path: string): boolean => existsSync(join(ROOT, "packages", path));
report(
  parityProblems(page, { apis, ids, hasFile }).map((problem) => `${PAGE}:${problem}`),
  "every counterpart is exported, every proof is there",
);
