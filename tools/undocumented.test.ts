import { expect, test } from "vitest";
import { undocumented } from "./undocumented.ts";

test("undocumented() names the exports without TSDoc, with their lines", () => {
  const text = [
    "/** Said. */",
    "export const a = 1;",
    "export const b = 2, c = 3;",
    "// not TSDoc",
    "export function d(): void {}",
    "export interface E {}",
    "export type F = string;",
    "export class G {}",
  ].join("\n");
  expect(undocumented("x.ts", text)).toEqual(["3: b", "3: c", "5: d", "6: E", "7: F", "8: G"]);
});

test("undocumented() leaves alone what is not exported, re-exported, or an overload of a documented one", () => {
  const text = [
    "const a = 1;",
    "export { a };",
    'export { b } from "./b.ts";',
    "/** Said once. */",
    "export function c(x: string): void;",
    "export function c(x: number): void;",
    "export function c(): void {}",
  ].join("\n");
  expect(undocumented("x.ts", text)).toEqual([]);
});
