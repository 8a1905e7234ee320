import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { sourceStack } from "./source-stack.ts";

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "berth-stack-"))));
afterEach(() => rmSync(folder, { recursive: true }));

test("places in a script that has a map are told as places in its sources; all others stay", () => {
  const script = join(folder, "main-x1.cjs");
  // column 0 is line 1 of a.ts, column 8 is line 3, column 2, of it
  const map = { version: 3, sources: ["../src/a.ts"], names: [], mappings: "AAAA,QAEE" };
  writeFileSync(`${script}.map`, JSON.stringify(map));
  writeFileSync(join(folder, "damaged.cjs.map"), "{");
  const source = join(folder, "../src/a.ts");
  const frames = [
    `    at one (${script}:1:1)`,
    `    at async ${script}:1:9`,
    `    at two (${folder}/none.cjs:1:9)`,
    `    at three (${folder}/damaged.cjs:1:9)`,
    "    at node:internal/process/task_queues:103:5",
  ];
  expect(sourceStack(["Error: no", ...frames].join("\n"))).toBe(
    ["Error: no", `    at one (${source}:1:1)`, `    at async ${source}:3:3`, ...frames.slice(2)].join("\n"),
  );
});
