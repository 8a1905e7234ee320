import { mkdir, readFile, readlink, stat, writeFile } from "node:fs/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { run } from "./command.ts";
import { createScratch, type Scratch } from "./scratch.ts";
import { packTar } from "./tar.ts";

let scratch: Scratch;
beforeEach(async () => {
  scratch = await createScratch();
});
afterEach(async () => {
  await scratch.remove();
});

test("packTar() writes what the real tar unpacks: folders, files of any size, links and modes", async () => {
  const big = Buffer.alloc(70_001, 5);
  const archive = packTar([
    { path: "bin/" },
    { path: "bin/big", content: big, mode: 0o640 },
    { path: "bin/exact", content: Buffer.alloc(512, 1) },
    { path: "empty", content: new Uint8Array() },
    { path: "bin/link", linkTo: "big" },
  ]);
  await mkdir(scratch.join("out"));
  await writeFile(scratch.join("a.tar"), archive);
  await run("tar", ["-xf", scratch.join("a.tar"), "-C", scratch.join("out")]);
  expect((await readFile(scratch.join("out", "bin", "big"))).equals(big)).toBe(true);
  expect((await stat(scratch.join("out", "bin", "big"))).mode & 0o777).toBe(0o640);
  expect((await stat(scratch.join("out", "bin", "exact"))).size).toBe(512);
  expect((await stat(scratch.join("out", "empty"))).size).toBe(0);
  expect(await readlink(scratch.join("out", "bin", "link"))).toBe("big");
});

test("packTar() gives the same bytes for the same entries", () => {
  const entries = [{ path: "a", content: Buffer.from("x") }];
  expect(packTar(entries).equals(packTar(entries))).toBe(true);
});

test("packTar() refuses a path that the header has no room for", () => {
  expect(() => packTar([{ path: "a".repeat(101), content: new Uint8Array() }])).toThrow(RangeError);
});
