import { lstat, mkdir, readdir, readFile, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { digestOf } from "@berth/oci/node";
import { packTar } from "@berth/testkit/parts";
import { expect, test } from "vitest";
import { tarOf } from "../image/testing/archives.ts";
import { hello, push, titled, useFolders } from "./file-store.test-kit.ts";
import { UNPACK, UNPACKED_DIGEST } from "./title.ts";

const files = useFolders();

const folderOf = (tar: Buffer): { readonly bytes: Buffer; readonly more: Readonly<Record<string, string>> } => ({
  bytes: gzipSync(tar),
  more: { [UNPACK]: "true", [UNPACKED_DIGEST]: digestOf(tar) },
});
const good = folderOf(
  packTar([
    { path: "conf/" },
    { path: "conf/sub/" },
    { path: "conf/sub/file", content: hello, mode: 0o640 },
    { path: "conf/link", linkTo: "sub/file" },
  ]),
);

test("a folder is unpacked under its name", async () => {
  const store = await files.open();
  await push(store, good.bytes, "conf", good.more);
  expect(await readFile(join(files.folder, "conf/sub/file"), "utf8")).toBe("hello world");
  expect((await lstat(join(files.folder, "conf/sub/file"))).mode & 0o777).toBe(0o640);
  expect(await readlink(join(files.folder, "conf/link"))).toBe("sub/file");
  expect(await store.exists(titled(good.bytes, "conf", good.more))).toBe(true);
  expect(await readdir(files.folder)).toEqual(["conf"]);
});

test("a folder whose links lead out of it is not packed: nobody would unpack it", async () => {
  const store = await files.open();
  await mkdir(join(files.folder, "conf/sub"), { recursive: true });
  await symlink("../sub", join(files.folder, "conf/sub/within"));
  await expect(store.add("conf")).resolves.toMatchObject({ annotations: { [UNPACK]: "true" } });
  for (const target of ["/etc/passwd", "../../elsewhere"]) {
    await symlink(target, join(files.folder, "conf/sub/out"));
    await expect(store.add("conf")).rejects.toMatchObject({ code: "ERR_UNPACKABLE_FILE", message: expect.stringContaining("links out") });
    await rm(join(files.folder, "conf/sub/out"));
  }
});

test("into a folder that is there, its files are moved in beside the others, or nothing when old files are kept", async () => {
  await mkdir(join(files.folder, "conf/sub"), { recursive: true });
  await writeFile(join(files.folder, "conf/sub/other"), "other");
  await writeFile(join(files.folder, "conf/sub/file"), "old");
  await expect(push(await files.open({ keepOldFiles: true }), good.bytes, "conf", good.more)).rejects.toMatchObject({
    code: "ERR_FILE_EXISTS",
  });
  expect(await readFile(join(files.folder, "conf/sub/file"), "utf8")).toBe("old");
  await push(await files.open(), good.bytes, "conf", good.more);
  expect((await readdir(join(files.folder, "conf"), { recursive: true })).toSorted()).toEqual(["link", "sub", "sub/file", "sub/other"]);
  expect(await readFile(join(files.folder, "conf/sub/file"), "utf8")).toBe("hello world");
  expect(await readdir(files.folder)).toEqual(["conf"]);
});

const linkTo = (path: string, target: string): Buffer => packTar([{ path: "conf/" }, { path: "conf/a/" }, { path, linkTo: target }]);
test.each([
  ["an entry beside the folder", packTar([{ path: "other", content: hello }]), "ERR_UNSAFE_ENTRY"],
  ["an entry above it", packTar([{ path: "conf/../../out", content: hello }]), "ERR_UNSAFE_ENTRY"],
  ["an absolute entry", packTar([{ path: "/etc/x", content: hello }]), "ERR_UNSAFE_ENTRY"],
  ["an absolute link", linkTo("conf/x", "/etc/passwd"), "ERR_UNSAFE_ENTRY"],
  ["a link that goes up too far", linkTo("conf/a/x", "../../out"), "ERR_UNSAFE_ENTRY"],
  ["a link that goes up from where another leads", linkTo("conf/a/x", "y/../../.."), "ERR_UNSAFE_ENTRY"],
  [
    "writing through a link",
    packTar([
      { path: "conf/x", linkTo: "a" },
      { path: "conf/x/y", content: hello },
    ]),
    "ERR_UNSAFE_ENTRY",
  ],
  [
    "a hard link to a link, which goes up too far from there",
    tarOf(
      { path: "conf/a/l", linkTarget: "../b" },
      { path: "conf/a/h", type: "hardlink", linkTarget: "conf/a/l" },
      { path: "conf/h", type: "hardlink", linkTarget: "conf/a/h" },
    ),
    "ERR_UNSAFE_ENTRY",
  ],
  ["a hard link to what is beside the folder", tarOf({ path: "conf/h", type: "hardlink", linkTarget: "other" }), "ERR_UNSAFE_ENTRY"],
  ["something cut short", packTar([{ path: "conf/x", content: Buffer.alloc(2000) }]).subarray(0, 1000), "ERR_INVALID_LAYER"],
])("%s is refused, and nothing is left", async (_, tar, code) => {
  const { bytes, more } = folderOf(tar);
  await expect(push(await files.open(), bytes, "conf", more)).rejects.toMatchObject({ code });
  expect(await readdir(files.folder)).toEqual([]);
});

test("hard links are made, also to links that stay within the folder and to what took the place of one that did not", async () => {
  const { bytes, more } = folderOf(
    tarOf(
      { path: "conf/a/l", linkTarget: "../b" },
      { path: "conf/a/h", type: "hardlink", linkTarget: "conf/a/l" },
      { path: "conf/a/l", text: "a file now" },
      { path: "conf/b", type: "hardlink", linkTarget: "conf/a/l" },
    ),
  );
  await push(await files.open(), bytes, "conf", more);
  expect(await readlink(join(files.folder, "conf/a/h"))).toBe("../b");
  expect(await readFile(join(files.folder, "conf/a/h"), "utf8")).toBe("a file now");
});

test("another digest inside, damage, and more than the limit are refused", async () => {
  const wrong = { ...good.more, [UNPACKED_DIGEST]: digestOf("else") };
  await expect(push(await files.open(), good.bytes, "conf", wrong)).rejects.toMatchObject({ code: "ERR_DIGEST_MISMATCH" });
  const bomb = folderOf(packTar([{ path: "conf/zeros", content: Buffer.alloc(100_000) }]));
  const limited = await files.open({ limits: { maxBytes: 50_000 } });
  await expect(push(limited, bomb.bytes, "conf", bomb.more)).rejects.toMatchObject({ code: "ERR_LIMIT_EXCEEDED" });
  const tight = await files.open({ limits: { maxRatio: 2, ratioFloor: 0 } });
  await expect(push(tight, bomb.bytes, "conf", bomb.more)).rejects.toThrow("the limit is 2 (maxRatio)");
  const cut = good.bytes.subarray(0, -12);
  await expect(push(await files.open(), cut, "conf", good.more)).rejects.toMatchObject({ code: "ERR_INVALID_LAYER" });
  expect(await readdir(files.folder)).toEqual([]);
});
