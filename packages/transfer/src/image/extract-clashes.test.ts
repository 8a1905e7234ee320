import { mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { extractEntries } from "./extract-tar.ts";
import { entriesOf, type EntrySpec } from "./testing/archives.ts";

async function scratch(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "berth-clashes-")));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

test.each<EntrySpec>([
  { path: "etc", text: "a file" },
  { path: "etc", linkTarget: "elsewhere" },
  { path: "etc", type: "hardlink", linkTarget: "kept" },
])("extractEntries() never replaces a folder with content that was there before: $type $linkTarget", async (entry) => {
  const folder = await scratch();
  await mkdir(join(folder, "etc/deep"), { recursive: true });
  await writeFile(join(folder, "etc/deep/precious"), "precious");
  await writeFile(join(folder, "kept"), "kept");
  const extracting = extractEntries(entriesOf({ path: "etc/deep/new", text: "new" }, entry), folder, { existing: "merge" });
  await expect(extracting).rejects.toMatchObject({ code: "ERR_UNSAFE_ENTRY", path: "etc" });
  expect(await readFile(join(folder, "etc/deep/precious"), "utf8")).toBe("precious");
});

test("extractEntries() that merges replaces folders that are empty, and those that it made itself", async () => {
  const folder = await scratch();
  await mkdir(join(folder, "empty"));
  await writeFile(join(folder, "kept"), "kept");
  const entries = entriesOf(
    { path: "empty", text: "a file" },
    { path: "made/deep/file", text: "1" },
    { path: "made", text: "a file" },
    { path: "kept/", type: "folder" },
  );
  await extractEntries(entries, folder, { existing: "merge" });
  expect((await readdir(folder, { recursive: true })).toSorted()).toEqual(["empty", "kept", "made"]);
  expect([await readFile(join(folder, "empty"), "utf8"), await readFile(join(folder, "made"), "utf8")]).toEqual(["a file", "a file"]);
});

test.each(["refuse", "merge"] as const)(
  "extractEntries() refuses a hard link to a file below itself and removes nothing: %s",
  async (existing) => {
    const folder = await scratch();
    if (existing === "merge") {
      await mkdir(join(folder, "a"));
      await writeFile(join(folder, "a/b"), "precious");
    }
    const before: readonly EntrySpec[] = existing === "merge" ? [] : [{ path: "a/b", text: "x" }];
    const extracting = extractEntries(entriesOf(...before, { path: "a", type: "hardlink", linkTarget: "a/b" }), folder, { existing });
    await expect(extracting).rejects.toMatchObject({ code: "ERR_INVALID_LAYER" });
    expect(await readdir(folder, { recursive: true })).toEqual(existing === "merge" ? ["a", "a/b"] : []);
  },
);

test("extractEntries() tells what a file system cannot hold as the archive's fault", async () => {
  const cases: readonly (readonly [EntrySpec, string, boolean])[] = [
    [{ path: "x".repeat(300), text: "a" }, "ERR_UNSAFE_ENTRY", false],
    [{ path: "link", linkTarget: "x/".repeat(3000) }, "ERR_UNSAFE_ENTRY", false],
    [{ path: "owned", text: "a", uid: 2 ** 32 }, "ERR_UNSAFE_ENTRY", true],
    [{ path: "owned", text: "a", uid: -1 }, "ERR_UNSAFE_ENTRY", true],
    [{ path: "self", type: "hardlink", linkTarget: "self" }, "ERR_INVALID_LAYER", false],
  ];
  for (const [entry, code, owners] of cases) {
    const folder = await scratch();
    await expect(extractEntries(entriesOf(entry), folder, { owners })).rejects.toMatchObject({ code });
    expect(await readdir(folder)).toEqual([]);
  }
});
