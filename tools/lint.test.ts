import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ROOT, run } from "./workspace.ts";

/** Code that must not pass, and the rule that must say so. The first five need types: they fall silent when the type-aware part is missing. */
const WRONG: readonly (readonly [rule: string, code: string])[] = [
  ["no-floating-promises", "export async function f(): Promise<void> {}\nf();"],
  ["no-misused-promises", "export function f(a: number[]): void {\n  a.forEach(async () => {});\n}"],
  ["await-thenable", "export async function f(): Promise<void> {\n  await 1;\n}"],
  ["only-throw-error", 'export function f(): void {\n  throw "x";\n}'],
  ["switch-exhaustiveness-check", 'export function f(x: "a" | "b"): void {\n  switch (x) {\n    case "a":\n      break;\n  }\n}'],
  ["no-explicit-any", "export function f(x: any): void {}"],
  ["no-unsafe-member-access", "export const x: unknown = JSON.parse('{}').a;"],
  ["eqeqeq", "export function f(x: unknown): boolean {\n  return x == 1;\n}"],
  ["no-console", "console.log(1);"],
  ["no-default-export", "export default 1;"],
  ["no-restricted-globals", "export const x: unknown = new TransformStream();"],
  ["no-restricted-properties", "declare const Writable: { toWeb(): void };\nWritable.toWeb();"],
];

interface Diagnostic {
  readonly code: string;
  readonly filename: string;
}

let folder: string;
let diagnostics: readonly Diagnostic[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "berth-lint-"));
  for (const [index, [, code]] of WRONG.entries()) await writeFile(join(folder, `wrong-${index}.ts`), `${code}\n`);
  await writeFile(join(folder, "right.ts"), "export async function f(): Promise<void> {\n  await Promise.resolve();\n}\n");
  const compilerOptions = { strict: true, module: "nodenext", target: "es2024", lib: ["es2024", "dom"], types: [] };
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }));
  const { stdout, output } = await run("oxlint", ["-c", join(ROOT, ".oxlintrc.json"), "-f", "json", "."], { cwd: folder });
  if (!stdout.startsWith("{")) throw new Error(output);
  const result: { readonly diagnostics: readonly Diagnostic[] } = JSON.parse(stdout);
  diagnostics = result.diagnostics;
}, 60_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

const codesOf = (file: string): readonly string[] => diagnostics.filter(({ filename }) => filename.endsWith(file)).map(({ code }) => code);

test.for(WRONG.map(([rule], index) => [rule, `wrong-${index}.ts`] as const))("the linter finds %s", ([rule, file]) => {
  expect(codesOf(file).join()).toContain(rule);
});

test("the linter leaves right code alone", () => {
  expect(codesOf("right.ts")).toEqual([]);
});
