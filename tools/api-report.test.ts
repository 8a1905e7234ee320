import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { apiReports } from "./api-report.ts";
import type { WorkspacePackage } from "./workspace.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "berth-api-"));
  await mkdir(join(folder, "src"));
});
afterAll(async () => await rm(folder, { recursive: true }));

/** The page of a package that consists of these files. */
async function pageOf(files: Readonly<Record<string, string>>): Promise<string> {
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, "src", name), text);
  const json = { name: "@berth/sample", exports: { ".": { "berth-source": "./src/index.ts" }, "./package.json": "./package.json" } };
  const one: WorkspacePackage = { folder, json };
  return apiReports([one]).get(join(folder, "api.md")) ?? "";
}

test("an API page has every export with its type, sorted, without comments and private parts", async () => {
  const page = await pageOf({
    "index.ts": 'export { b, Box } from "./other.ts";\nexport type { Options } from "./other.ts";\n',
    "other.ts": `
      /** Hidden. */
      export interface Options { readonly size?: number }
      export class Box { readonly #secret: number = 1; /** Says it. */ get size(): number { return this.#secret; } }
      export function b(options: Options): string { return String(options.size); }
      export function unexported(): void {}
    `,
  });
  expect(page).toContain("export interface Options {\n    readonly size?: number;\n}");
  expect(page).toContain("export function b(options: Options): string;");
  expect(page.indexOf("class Box")).toBeLessThan(page.indexOf("interface Options"));
  expect(page).not.toMatch(/Hidden|Says it|secret|unexported/);
});

test("an API page changes with a type", async () => {
  const before = await pageOf({ "index.ts": "export const limit: number = 1;\n" });
  const after = await pageOf({ "index.ts": "export const limit: bigint = 1n;\n" });
  expect(before).toContain("export const limit: number;");
  expect(after).not.toBe(before);
});
