import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { lstat, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { writeFileOf, writeTextOf } from "./write-bytes.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "berth-write-"));
  return () => rm(folder, { recursive: true });
});

async function* bytes(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

async function* failing(): AsyncGenerator<Uint8Array> {
  yield Buffer.from("half");
  throw new Error("cut off");
}

test("a file has its name when all of it is there; what was there stays until then", async () => {
  const path = join(folder, "file");
  await writeFile(path, "before");
  await expect(writeFileOf(path, failing())).rejects.toThrow("cut off");
  expect(await readFile(path, "utf8")).toBe("before");
  await writeFileOf(path, bytes("af", "ter"));
  expect(await readFile(path, "utf8")).toBe("after");
  expect(await readdir(folder)).toEqual(["file"]);
});

test("a link stays a link, and its target is written, whether it was there or not", async () => {
  await symlink("target", join(folder, "link"));
  for (const text of ["one", "two"]) {
    await writeFileOf(join(folder, "link"), bytes(text));
    expect(await readFile(join(folder, "target"), "utf8")).toBe(text);
  }
  expect((await lstat(join(folder, "link"))).isSymbolicLink()).toBe(true);
  expect((await readdir(folder)).sort()).toEqual(["link", "target"]);
});

test("a pipe is written into, and stays one", async () => {
  const path = join(folder, "pipe");
  execFileSync("/usr/bin/mkfifo", [path]);
  const [read] = await Promise.all([readFile(path, "utf8"), writeFileOf(path, bytes("through the pipe"))]);
  expect(read).toBe("through the pipe");
  expect((await lstat(path)).isFIFO()).toBe(true);
});

const FULL = "/dev/full";

test.runIf(existsSync(FULL))("of a full disk it is told which file did not fit", async () => {
  const told = { code: "ENOSPC", message: `Cannot write to "${FULL}": no space left on device` };
  await expect(writeFileOf(FULL, bytes("x"))).rejects.toMatchObject(told);
  await expect(writeTextOf(FULL, "x")).rejects.toMatchObject(told);
});

test("a folder is refused, and one that is not there", async () => {
  await expect(writeFileOf(folder, bytes("x"))).rejects.toMatchObject({ code: "EISDIR" });
  await expect(writeFileOf(join(folder, "no", "file"), bytes("x"))).rejects.toMatchObject({ code: "ENOENT" });
});
