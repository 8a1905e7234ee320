import { mkdtemp, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { makeFolder } from "./make-folder.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "berth-folder-"));
  return () => rm(folder, { recursive: true });
});

test("makeFolder() makes a folder with its parents, all in one mode, and takes one that is there", async () => {
  const deep = join(folder, "a", "b", "c");
  expect(await makeFolder(deep, 0o700)).toBe(true);
  for (const path of [join(folder, "a"), join(folder, "a", "b"), deep]) expect((await stat(path)).mode & 0o777).toBe(0o700);
  expect(await makeFolder(deep)).toBe(false);
  await symlink(deep, join(folder, "link"));
  await makeFolder(join(folder, "link"));
  await makeFolder("/");
});

test("makeFolder() calls that meet all end well", async () => {
  const deep = join(folder, "a", "b", "c");
  await Promise.all([makeFolder(deep), makeFolder(join(folder, "a", "b")), makeFolder(deep)]);
  expect((await stat(deep)).isDirectory()).toBe(true);
});

test("makeFolder() says why it cannot", async () => {
  await writeFile(join(folder, "file"), "");
  await expect(makeFolder(join(folder, "file"))).rejects.toMatchObject({ code: "EEXIST" });
  await expect(makeFolder(join(folder, "file", "below"))).rejects.toMatchObject({ code: "ENOTDIR" });
  await symlink(join(folder, "gone"), join(folder, "dangling"));
  await expect(makeFolder(join(folder, "dangling"))).rejects.toMatchObject({ code: "EEXIST" });
});

test("makeFolder() gives up where nothing can be made, which Node's own never does", async () => {
  for (const path of ["/proc/berth", "/proc/berth/below"]) await expect(makeFolder(path)).rejects.toThrow(/^E[A-Z]+: /);
});
