import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

test("the package type-checks with a browser's globals and none of Node's", { timeout: 120_000 }, async () => {
  const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
  const project = join(import.meta.dirname, "..", "tsconfig.browser.json");
  const run = promisify(execFile)(process.execPath, [tsc, "-p", project, "--listFiles"]);
  const { stdout } = await run.catch((error: unknown) => ({ stdout: String(Object(error).stdout ?? error) }));
  const lines = stdout.trim().split("\n");
  expect(lines.filter((line) => line.includes("error TS"))).toEqual([]);
  expect(lines.some((line) => line.endsWith("/packages/oci/src/index.ts"))).toBe(true);
  expect(lines.filter((line) => line.includes("/@types/") || line.includes("/src/node/"))).toEqual([]);
});
