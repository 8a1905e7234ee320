import { lstat, mkdir, mkdtemp, readdir, readFile, readlink, realpath, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { extractEntries } from "./extract-tar.ts";
import { readTar } from "./tar-reader.ts";
import { type EntrySpec, entriesOf, entryOf, tarOf } from "./testing/archives.ts";

async function scratch(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "berth-extract-")));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Everything below; links are not followed. */
async function listing(folder: string, within = ""): Promise<readonly string[]> {
  const found: string[] = [];
  for (const entry of await readdir(join(folder, within), { withFileTypes: true })) {
    const path = join(within, entry.name);
    found.push(path, ...(entry.isDirectory() ? await listing(folder, path) : []));
  }
  return found.toSorted();
}

test("extractEntries() unpacks files, folders, links, their modes and times", async () => {
  const folder = join(await scratch(), "made", "here");
  const result = await extractEntries(
    entriesOf(
      { path: "a/deep/file", text: "hello", mode: 0o4640, mtime: 1_600_000_000.5 },
      { path: "a/", mode: 0o555, mtime: 1_500_000_000 },
      { path: "a/deep/again", type: "hardlink", linkTarget: "a/deep/file" },
      { path: "to", linkTarget: "a/deep/file", mtime: 1_400_000_000 },
      { path: "to-too", type: "hardlink", linkTarget: "to" },
      { path: "empty/" },
    ),
    folder,
  );
  expect(result).toEqual({ files: 2, folders: 2, symlinks: 2, skipped: 0, bytes: 5 });
  expect(await listing(folder)).toEqual(["a", "a/deep", "a/deep/again", "a/deep/file", "empty", "to", "to-too"]);
  const file = await stat(join(folder, "a/deep/file"));
  expect([file.mode & 0o7777, file.mtimeMs, file.nlink]).toEqual([0o640, 1_600_000_000_500, 2]);
  const above = await stat(join(folder, "a"));
  expect([above.mode & 0o7777, above.mtimeMs, (await stat(join(folder, "a/deep"))).mode & 0o7777]).toEqual([0o555, 1.5e12, 0o755]);
  expect([await readlink(join(folder, "to")), await readlink(join(folder, "to-too"))]).toEqual(["a/deep/file", "a/deep/file"]);
  expect((await lstat(join(folder, "to"))).mtimeMs).toBe(1.4e12);
  expect(await readFile(join(folder, "to"), "utf8")).toBe("hello");
});

test("extractEntries() gives files and folders the modes that they are meant to have, whatever the umask", async () => {
  const folder = join(await scratch(), "made");
  const umask = process.umask(0o077);
  onTestFinished(() => void process.umask(umask));
  await extractEntries(
    entriesOf({ path: "a/deep/file", text: "x", mode: 0o666 }, { path: "open/", mode: 0o777 }, { path: "", type: "folder" }),
    folder,
  );
  process.umask(umask);
  const modes = await Promise.all(
    ["", "a", "a/deep", "a/deep/file", "open"].map(async (path) => (await stat(join(folder, path))).mode & 0o777),
  );
  expect(modes).toEqual([0o755, 0o755, 0o755, 0o666, 0o777]);
});

test("extractEntries() keeps setuid bits when asked to", async () => {
  const folder = await scratch();
  await extractEntries(
    entriesOf({ path: "su", text: "x", mode: 0o4755 }, { path: "tmp/", mode: 0o1777 }, { path: "shared/", mode: 0o2775 }),
    folder,
    {
      setIdBits: true,
    },
  );
  const modes = await Promise.all(["su", "tmp", "shared"].map(async (name) => (await stat(join(folder, name))).mode & 0o7777));
  expect(modes).toEqual([0o4755, 0o1777, 0o2775]);
});

test("extractEntries() lets a later entry replace an earlier one, whatever both are", async () => {
  const folder = await scratch();
  await extractEntries(
    entriesOf(
      { path: "a/b/c", text: "1" },
      { path: "a", text: "now a file" },
      { path: "l", linkTarget: "a" },
      { path: "l/" },
      { path: "l/x", text: "2" },
      { path: "f", text: "first" },
      { path: "g", type: "hardlink", linkTarget: "f" },
      { path: "f", text: "second" },
      { path: "d/e/" },
      { path: "d", linkTarget: "nowhere" },
    ),
    folder,
  );
  expect(await listing(folder)).toEqual(["a", "d", "f", "g", "l", "l/x"]);
  expect(await Promise.all(["a", "f", "g"].map((name) => readFile(join(folder, name), "utf8")))).toEqual(["now a file", "second", "first"]);
});

test("extractEntries() keeps names that are no UTF-8", async () => {
  const folder = await scratch();
  const tar = tarOf({ path: "caf\udce9", text: "x" }, { path: "é\udcff/\udc80", text: "y" });
  await extractEntries(readTar(entries(tar)), folder);
  const names = (await readdir(folder, { encoding: "buffer" })).map((name) => name.toString("latin1")).toSorted();
  expect(names).toEqual(["caf\xe9", "\xc3\xa9\xff"]);
});

test("extractEntries() leaves devices, fifos and extended attributes out and says so, or fails", async () => {
  const specs: EntrySpec[] = [
    { path: "dev/null", type: "character-device", deviceMajor: 1, deviceMinor: 3 },
    { path: "pipe", type: "fifo" },
    { path: "ping", text: "x", pax: new Map([["SCHILY.xattr.security.capability", Buffer.from([1, 0, 255])]]) },
  ];
  const skipped: string[] = [];
  const folder = await scratch();
  const result = await extractEntries(entriesOf(...specs), folder, { onSkip: (path, reason) => skipped.push(`${path}: ${reason}`) });
  expect([result.skipped, skipped]).toEqual([2, ["dev/null: device", "pipe: fifo", "ping: extended attributes"]]);
  expect(await listing(folder)).toEqual(["ping"]);
  await expect(extractEntries(entriesOf(...specs), join(folder, "new"), { specialFiles: "error" })).rejects.toMatchObject({
    code: "ERR_UNSUPPORTED",
  });
});

describe("extractEntries() never leaves its folder:", () => {
  test.each<[string, readonly EntrySpec[], string]>([
    [
      "a link to a folder outside, then a file below it",
      [
        { path: "l", linkTarget: "../out" },
        { path: "l/x", text: "!" },
      ],
      "ERR_UNSAFE_ENTRY",
    ],
    ["an absolute link, then a folder below it", [{ path: "l", linkTarget: "/tmp" }, { path: "l/x/" }], "ERR_UNSAFE_ENTRY"],
    [
      "a link to the folder above, then a link below it",
      [
        { path: "l", linkTarget: ".." },
        { path: "l/x", linkTarget: "y" },
      ],
      "ERR_UNSAFE_ENTRY",
    ],
    [
      "a link that is hard linked, then a file below it",
      [
        { path: "l", linkTarget: "../out" },
        { path: "m", type: "hardlink", linkTarget: "l" },
        { path: "m/x", text: "!" },
      ],
      "ERR_UNSAFE_ENTRY",
    ],
    [
      "a folder that becomes a link, then a file below it",
      [{ path: "d/" }, { path: "d/x", text: "1" }, { path: "d", linkTarget: "../out" }, { path: "d/x", text: "!" }],
      "ERR_UNSAFE_ENTRY",
    ],
    [
      "a folder deep inside that becomes a link",
      [
        { path: "a/b/c/x", text: "1" },
        { path: "a/b", linkTarget: "../../out" },
        { path: "a/b/c/x", text: "!" },
      ],
      "ERR_UNSAFE_ENTRY",
    ],
    [
      "a hard link below a link",
      [
        { path: "l", linkTarget: "../out" },
        { path: "h", type: "hardlink", linkTarget: "l/secret" },
      ],
      "ERR_INVALID_LAYER",
    ],
    ["a hard link to a folder", [{ path: "d/" }, { path: "h", type: "hardlink", linkTarget: "d" }], "ERR_INVALID_LAYER"],
    ["a hard link to nothing", [{ path: "h", type: "hardlink", linkTarget: "nothing" }], "ERR_INVALID_LAYER"],
    ["a root that is a link", [{ path: "", type: "symlink", linkTarget: "../out" }], "ERR_UNSAFE_ENTRY"],
    ["a root that is a file", [{ path: "", type: "file", text: "!" }], "ERR_UNSAFE_ENTRY"],
  ])("%s", async (_, specs, code) => {
    const around = await scratch();
    await mkdir(join(around, "out"));
    await writeFile(join(around, "out", "secret"), "secret");
    const before = await listing(around);
    await expect(extractEntries(entriesOf(...specs), join(around, "in"))).rejects.toMatchObject({ code });
    expect(await listing(around)).toEqual(before); // nothing appeared, and the folder that was made is gone
  });

  test("a file through a link that an earlier entry made replaces the link", async () => {
    const around = await scratch();
    await writeFile(join(around, "victim"), "as it was");
    await extractEntries(entriesOf({ path: "l", linkTarget: "../victim" }, { path: "l", text: "!" }), join(around, "in"));
    expect([await readFile(join(around, "victim"), "utf8"), await readFile(join(around, "in", "l"), "utf8")]).toEqual(["as it was", "!"]);
  });

  test("paths that lead out do not even get so far", async () => {
    for (const path of ["../x", "a/../../x", "/../x", ".."]) {
      const folder = join(await scratch(), "in");
      const reading = extractEntries(readTar(entries(tarOf({ path, text: "!" }))), folder);
      await expect(reading).rejects.toMatchObject({ code: "ERR_UNSAFE_ENTRY", path });
    }
    const folder = await scratch();
    await extractEntries(readTar(entries(tarOf({ path: "/etc//./passwd", text: "x" }, { path: "a/../b", text: "y" }))), folder);
    expect(await listing(folder)).toEqual(["b", "etc", "etc/passwd"]);
  });
});

test("extractEntries() refuses a folder with content, or merges into it without following its links", async () => {
  const around = await scratch();
  const folder = join(around, "in");
  await mkdir(folder, { mode: 0o750 });
  await writeFile(join(folder, "kept"), "kept");
  await writeFile(join(folder, "old"), "old");
  await mkdir(join(around, "out"));
  await symlink("../out", join(folder, "l"));
  await expect(extractEntries(entriesOf({ path: "x", text: "x" }), folder)).rejects.toMatchObject({ code: "ERR_FOLDER_NOT_EMPTY" });
  const merge = { existing: "merge" } as const;
  await expect(extractEntries(entriesOf({ path: "l/x", text: "x" }), folder, merge)).rejects.toMatchObject({ code: "ERR_UNSAFE_ENTRY" });
  await extractEntries(entriesOf({ path: "", type: "folder", mode: 0o700 }, { path: "old", text: "new" }), folder, merge);
  expect(await listing(folder)).toEqual(["kept", "l", "old"]);
  expect([await readFile(join(folder, "old"), "utf8"), (await stat(folder)).mode & 0o777]).toEqual(["new", 0o750]);
  expect(await listing(join(around, "out"))).toEqual([]);
});

test("extractEntries() finds out when a file system takes two names for one", async () => {
  const folder = await scratch();
  const twice = async function* () {
    yield* entriesOf({ path: "name", text: "1" });
    await writeFile(join(folder, "Name"), "1"); // as it would be seen where both are one
    yield* entriesOf({ path: "Name", text: "2" });
  };
  await expect(extractEntries(twice(), folder)).rejects.toMatchObject({ code: "ERR_UNSAFE_ENTRY", path: "Name" });
  expect(await listing(folder)).toEqual([]);
});

test("extractEntries() cleans up when it is stopped in the middle of a file", async () => {
  const around = await scratch();
  const controller = new AbortController();
  const content = async function* () {
    yield Buffer.from("half");
    controller.abort(new Error("enough"));
    yield Buffer.from("whole");
  };
  const found = async function* () {
    yield* entriesOf({ path: "a/b", text: "x" });
    yield { entry: entryOf({ path: "a/c" }), content: content() };
  };
  const folder = join(around, "in");
  await expect(extractEntries(found(), folder, { signal: controller.signal })).rejects.toThrow("enough");
  expect(await listing(around)).toEqual([]);
});

async function* entries(tar: Uint8Array): AsyncGenerator<Uint8Array> {
  yield tar;
}
