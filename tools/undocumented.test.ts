import { expect, test } from "vitest";
import { undocumented, undocumentedMembers } from "./undocumented.ts";

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

test("undocumentedMembers() names members with a unit, a default, a failure or a grammar that nobody tells", () => {
  const text = [
    "export interface A {",
    "  readonly timeout: number;",
    "  readonly sizes?: readonly number[];",
    "  readonly only?: boolean;",
    "  readonly wide: string | undefined;",
    "  run(): void;",
    "  readonly onDone: () => void;",
    "}",
    "export type B = { readonly retries: number };",
    "export class C {",
    "  readonly size: number;",
    "  get end(): number { return 1; }",
    "  stop(): void {}",
    "}",
  ].join("\n");
  expect(undocumentedMembers("x.ts", text)).toEqual([
    "2: A.timeout",
    "3: A.sizes",
    "4: A.only",
    "5: A.wide",
    "6: A.run",
    "7: A.onDone",
    "9: B.retries",
    "11: C.size",
    "12: C.end",
    "13: C.stop",
  ]);
});

test("undocumentedMembers() leaves alone what is plain, said elsewhere, or nobody's business", () => {
  const text = [
    "interface Inner { readonly timeout: number }",
    "/** From `start` to the end. */",
    "export interface A {",
    "  readonly start: number;",
    "  /** Milliseconds. */",
    "  readonly timeout: number;",
    "  readonly mediaType: string;",
    "  readonly annotations?: Annotations;",
    "  readonly isDone: boolean;",
    "  readonly configMediaType?: undefined;",
    "  [Symbol.dispose](): void;",
    "  /** Said once. */",
    "  run(x: string): void;",
    "  run(x: number): void;",
    "}",
    "export class B extends Base {",
    "  readonly #size: number;",
    "  private readonly held: number;",
    "  constructor(size: number) {}",
    "  override run(): void {}",
    "}",
    "export class C implements A {",
    "  readonly timeout: number;",
    "}",
  ].join("\n");
  expect(undocumentedMembers("x.ts", text)).toEqual([]);
});
