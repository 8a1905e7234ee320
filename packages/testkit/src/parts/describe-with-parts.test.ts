import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { run, type RunResult } from "./command.ts";
import { createScratch, type Scratch } from "./scratch.ts";

const MODULE = new URL("describe-with-parts.ts", import.meta.url).href;
const VITEST = fileURLToPath(import.meta.resolve("vitest/package.json")).replace(/package\.json$/, "vitest.mjs");

let scratch: Scratch;
beforeEach(async () => {
  scratch = await createScratch();
  const conditions = ["berth-source"];
  const config = { test: { globals: true }, resolve: { conditions }, ssr: { resolve: { conditions } } };
  await writeFile(scratch.join("vitest.config.mjs"), `export default ${JSON.stringify(config)};`);
  const group = `describeWithParts("the group", ["oras"], () => test("is here", () => {}));`;
  await writeFile(scratch.join("x.test.ts"), `import { describeWithParts } from ${JSON.stringify(MODULE)};\n${group}\n`);
});
afterEach(async () => {
  await scratch.remove();
});

function vitest(ci: Readonly<Record<string, string>>): Promise<RunResult> {
  const env = { BERTH_PARTS: scratch.path, NO_COLOR: "1", ...ci };
  return run(process.execPath, [VITEST, "run", "--root", scratch.path, "--reporter", "verbose"], { env, mayFail: true });
}

test("describeWithParts() fails by name where CI is set and a part is missing", async () => {
  const { exitCode, stdout, stderr } = await vitest({ CI: "true" });
  expect(exitCode).toBe(1);
  expect(stdout + stderr).toContain("Cannot find oras: run .ci/install-parts oras");
});

test("describeWithParts() elsewhere skips by name and says so on the console", async () => {
  const { exitCode, stdout, stderr } = await vitest({});
  expect(exitCode).toBe(0);
  expect(stdout).toContain("the group (skipped, missing: oras)");
  expect(stdout).toContain("1 skipped");
  expect(stdout + stderr).toContain('Skipped "the group": Cannot find oras');
});
