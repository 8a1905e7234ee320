import { expect, test } from "vitest";
import { isBareDuration, parseDuration } from "./duration.ts";
import { parseSize } from "./size.ts";

test("[server/G24] parseDuration() reads what Go writes, in milliseconds", () => {
  const cases: readonly (readonly [string, number | undefined])[] = [
    ["1h30m", 5_400_000],
    ["1.5s", 1500],
    ["500ms", 500],
    [".5s", 500],
    ["1.s", 1000],
    ["100us", 0.1],
    ["100µs", 0.1],
    ["-2s", -2000],
    ["+2s", 2000],
    ["0", 0],
    ["1000000", 1],
    ["168h", 604_800_000],
    ["", undefined],
    ["s", undefined],
    ["1", 1e-6],
    ["1d", undefined],
    ["1h ", undefined],
    ["1h 2m", undefined],
    ["1.5", undefined],
    ["--1s", undefined],
  ];
  for (const [text, ms] of cases) expect(parseDuration(text), text).toBe(ms);
  expect(["5", "5s", "1e3"].map(isBareDuration)).toEqual([true, false, false]);
});

test("parseSize() reads bytes with binary and decimal units", () => {
  const cases: readonly (readonly [string, number | undefined])[] = [
    ["4194304", 4_194_304],
    ["4MiB", 4_194_304],
    ["1.5 KiB", 1536],
    ["10MB", 10_000_000],
    ["1gb", 1e9],
    ["4M", undefined],
    ["-1", undefined],
    ["1.5", undefined],
    ["9999999999GiB", undefined],
  ];
  for (const [text, bytes] of cases) expect(parseSize(text), text).toBe(bytes);
});
