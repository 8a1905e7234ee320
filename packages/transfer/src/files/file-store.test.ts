import { lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { bytesSource, type Descriptor, MEDIA_TYPES } from "@berth/oci";
import { descriptorOf, digestOf } from "@berth/oci/node";
import { imageManifest } from "@berth/testkit/images";
import { packTar } from "@berth/testkit/parts";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { textOf } from "../archive/archive.test-kit.ts";
import { copyGraph } from "../copy/copy-graph.ts";
import { tarOf } from "../image/testing/archives.ts";
import { createMemoryStore } from "../memory/memory-store.ts";
import { type FileStore, type FileStoreOptions, openFileStore } from "./file-store.ts";
import { TITLE, UNPACK, UNPACKED_DIGEST } from "./title.ts";

let scratch: string;
let folder: string;
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), "berth-files-"));
  folder = join(scratch, "in");
});
afterEach(async () => {
  await rm(scratch, { recursive: true, force: true });
});

const hello = Buffer.from("hello world");

function titled(bytes: Uint8Array, title: string, more: Readonly<Record<string, string>> = {}): Descriptor {
  return { ...descriptorOf("text/plain", bytes), annotations: { [TITLE]: title, ...more } };
}

async function push(store: FileStore, bytes: Uint8Array, title: string, more?: Readonly<Record<string, string>>): Promise<void> {
  await store.push(titled(bytes, title, more), bytesSource(bytes));
}

async function open(options?: FileStoreOptions): Promise<FileStore> {
  return await openFileStore(folder, options);
}

describe("pulling into a folder", () => {
  test("a blob with a title becomes a file, in folders if need be; it can be read back", async () => {
    const store = await open();
    await push(store, hello, "a/b/hello.txt");
    expect(await readFile(join(folder, "a/b/hello.txt"))).toEqual(hello);
    const descriptor = titled(hello, "a/b/hello.txt");
    expect(await store.exists(descriptor)).toBe(true);
    expect(await textOf(await store.fetch(descriptor))).toBe("hello world");
    expect(await textOf(await store.fetch(descriptor, { offset: 3, length: 5 }))).toBe("lo wo");
    expect(await readdir(folder)).toEqual(["a"]);
  });

  test.each([
    "/etc/passwd",
    "../out",
    "a/../../out",
    "a/..",
    "C:\\out",
    "c:out",
    "\\\\server\\share",
    "a\\..\\out",
    "nul\0byte",
    "line\nbreak",
    ".",
    "./",
    "a/.",
    "x".repeat(256),
    `${"x/".repeat(2100)}x`,
    "\ud800",
  ])("the title %j is refused, by name, and nothing is written", async (title) => {
    const store = await open();
    await expect(push(store, hello, title)).rejects.toMatchObject({ code: "ERR_UNSAFE_TITLE", title });
    expect(await readdir(scratch)).toEqual([]);
  });

  test("a folder on the way that is a link, or a file, is refused", async () => {
    await mkdir(folder);
    await symlink(scratch, join(folder, "link"));
    await writeFile(join(folder, "file"), "");
    await mkdir(join(folder, "folder"));
    const store = await open();
    for (const title of ["link/out", "file/x", "folder"]) {
      await expect(push(store, hello, title)).rejects.toMatchObject({ code: "ERR_UNSAFE_TITLE", title });
    }
    expect((await readdir(scratch)).toSorted()).toEqual(["in"]);
    expect((await readdir(folder)).toSorted()).toEqual(["file", "folder", "link"]);
  });

  test("a link in the place of a file is replaced, not followed", async () => {
    await mkdir(folder);
    await writeFile(join(scratch, "outside"), "safe");
    await symlink("../outside", join(folder, "hello"));
    await push(await open(), hello, "hello");
    expect(await readFile(join(scratch, "outside"), "utf8")).toBe("safe");
    expect((await lstat(join(folder, "hello"))).isFile()).toBe(true);
  });

  test("old files are replaced, or kept when asked; the same content is no reason to fetch", async () => {
    await mkdir(folder);
    await writeFile(join(folder, "hello"), "old");
    const keeping = await open({ keepOldFiles: true });
    await expect(push(keeping, hello, "hello")).rejects.toMatchObject({ code: "ERR_FILE_EXISTS", title: "hello" });
    expect(await readdir(folder)).toEqual(["hello"]);
    await push(await open(), hello, "hello");
    expect(await readFile(join(folder, "hello"), "utf8")).toBe("hello world");
    const again = await open({ keepOldFiles: true });
    expect(await again.exists(titled(hello, "hello"))).toBe(true);
    await push(again, hello, "hello");
  });

  test("two contents of one title are refused; one content of two titles is written twice", async () => {
    const store = await open();
    await push(store, hello, "./one");
    await expect(push(store, Buffer.from("other"), "one")).rejects.toMatchObject({ code: "ERR_DUPLICATE_TITLE", title: "one" });
    const manifest = imageManifest({ layers: [titled(hello, "./one"), titled(hello, "two"), titled(hello, "deep/three")] });
    await store.push(manifest.descriptor, bytesSource(manifest.bytes));
    for (const name of ["one", "two", "deep/three"]) expect(await readFile(join(folder, name), "utf8")).toBe("hello world");
    expect(await store.predecessors(titled(hello, "one"))).toEqual([manifest.descriptor]);
    await store.tag(manifest.descriptor, "v1");
    expect(await store.resolve("v1")).toEqual(manifest.descriptor);
    expect(await Array.fromAsync(store.tags())).toEqual(["v1"]);
    expect(await Array.fromAsync(store.referrers(manifest.descriptor))).toEqual([]);
  });

  test("a file that equals the config is written too, also where what is no file is forgotten", async () => {
    const source = createMemoryStore();
    const empty = Buffer.from("{}");
    const manifest = imageManifest({ layers: [titled(empty, "a.json"), titled(hello, "hello"), titled(empty, "b.json")] });
    for (const bytes of [empty, hello]) await source.push(descriptorOf("text/plain", bytes), bytesSource(bytes));
    await source.push(manifest.descriptor, bytesSource(manifest.bytes));
    await copyGraph(source, manifest.descriptor, await open({ untitled: "skip" }));
    expect((await readdir(folder)).toSorted()).toEqual(["a.json", "b.json", "hello"]);
    expect(await readFile(join(folder, "b.json"), "utf8")).toBe("{}");
  });

  test("content that was forgotten, and turns out to be a file, is an error", async () => {
    const store = await open({ untitled: "skip" });
    await store.push(descriptorOf("text/plain", hello), bytesSource(hello));
    const manifest = imageManifest({ layers: [titled(hello, "hello")] });
    await expect(store.push(manifest.descriptor, bytesSource(manifest.bytes))).rejects.toMatchObject({ code: "ERR_NOT_FOUND" });
  });

  test("content that is wrong, or aborted, leaves nothing; it may come again", async () => {
    const store = await open();
    const descriptor = titled(hello, "hello");
    await expect(store.push(descriptor, bytesSource("hello w0rld"))).rejects.toMatchObject({ code: "ERR_DIGEST_MISMATCH" });
    await expect(store.push(descriptor, bytesSource("hello"))).rejects.toMatchObject({ code: "ERR_SIZE_MISMATCH" });
    const stuck = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => undefined) }) };
    const controller = new AbortController();
    const pushing = store.push(descriptor, stuck, { signal: controller.signal });
    controller.abort(new Error("enough"));
    await expect(pushing).rejects.toThrow("enough");
    expect(await readdir(folder)).toEqual([]);
    expect(await store.exists(descriptor)).toBe(false);
    await Promise.all([store.push(descriptor, bytesSource(hello)), store.push(descriptor, bytesSource(hello))]);
    expect(await readdir(folder)).toEqual(["hello"]);
  });

  test("blobs without a title are kept in memory up to a limit, or checked and forgotten", async () => {
    const keeping = await open({ maxMemoryBytes: 20 });
    const plain = descriptorOf("text/plain", hello);
    await keeping.push(plain, bytesSource(hello));
    expect(await textOf(await keeping.fetch(plain))).toBe("hello world");
    const large = Buffer.alloc(21);
    await expect(keeping.push(descriptorOf("text/plain", large), bytesSource(large))).rejects.toMatchObject({ code: "ERR_LIMIT_EXCEEDED" });
    const skipping = await open({ untitled: "skip" });
    await expect(skipping.push(plain, bytesSource("hello w0rld"))).rejects.toMatchObject({ code: "ERR_DIGEST_MISMATCH" });
    await skipping.push(plain, bytesSource(hello));
    expect(await skipping.exists(plain)).toBe(true);
    await expect(skipping.fetch(plain)).rejects.toMatchObject({ code: "ERR_NOT_FOUND" });
    expect(await readdir(scratch)).toEqual([]);
  });
});

describe("packed folders", () => {
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
    const store = await open();
    await push(store, good.bytes, "conf", good.more);
    expect(await readFile(join(folder, "conf/sub/file"), "utf8")).toBe("hello world");
    expect((await lstat(join(folder, "conf/sub/file"))).mode & 0o777).toBe(0o640);
    expect(await readlink(join(folder, "conf/link"))).toBe("sub/file");
    expect(await store.exists(titled(good.bytes, "conf", good.more))).toBe(true);
    expect(await readdir(folder)).toEqual(["conf"]);
  });

  test("into a folder that is there, its files are moved in beside the others, or nothing when old files are kept", async () => {
    await mkdir(join(folder, "conf/sub"), { recursive: true });
    await writeFile(join(folder, "conf/sub/other"), "other");
    await writeFile(join(folder, "conf/sub/file"), "old");
    await expect(push(await open({ keepOldFiles: true }), good.bytes, "conf", good.more)).rejects.toMatchObject({
      code: "ERR_FILE_EXISTS",
    });
    expect(await readFile(join(folder, "conf/sub/file"), "utf8")).toBe("old");
    await push(await open(), good.bytes, "conf", good.more);
    expect((await readdir(join(folder, "conf"), { recursive: true })).toSorted()).toEqual(["link", "sub", "sub/file", "sub/other"]);
    expect(await readFile(join(folder, "conf/sub/file"), "utf8")).toBe("hello world");
    expect(await readdir(folder)).toEqual(["conf"]);
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
    await expect(push(await open(), bytes, "conf", more)).rejects.toMatchObject({ code });
    expect(await readdir(folder)).toEqual([]);
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
    await push(await open(), bytes, "conf", more);
    expect(await readlink(join(folder, "conf/a/h"))).toBe("../b");
    expect(await readFile(join(folder, "conf/a/h"), "utf8")).toBe("a file now");
  });

  test("another digest inside, damage, and more than the limit are refused", async () => {
    const wrong = { ...good.more, [UNPACKED_DIGEST]: digestOf("else") };
    await expect(push(await open(), good.bytes, "conf", wrong)).rejects.toMatchObject({ code: "ERR_DIGEST_MISMATCH" });
    const bomb = folderOf(packTar([{ path: "conf/zeros", content: Buffer.alloc(100_000) }]));
    const limited = await open({ limits: { maxBytes: 50_000 } });
    await expect(push(limited, bomb.bytes, "conf", bomb.more)).rejects.toMatchObject({ code: "ERR_LIMIT_EXCEEDED" });
    const cut = good.bytes.subarray(0, -12);
    await expect(push(await open(), cut, "conf", good.more)).rejects.toMatchObject({ code: "ERR_INVALID_LAYER" });
    expect(await readdir(folder)).toEqual([]);
  });
});

describe("adding", () => {
  beforeEach(async () => {
    await mkdir(join(folder, "dir/sub"), { recursive: true });
    await writeFile(join(folder, "dir/sub/file"), hello);
    await writeFile(join(folder, "hello.txt"), hello);
  });

  test("a file is described with its title, and read where it lies", async () => {
    const store = await open();
    const descriptor = await store.add("hello.txt", { mediaType: "text/plain", annotations: { a: "b" } });
    expect(descriptor).toEqual(titled(hello, "hello.txt", { a: "b" }));
    expect(await textOf(await store.fetch(descriptor))).toBe("hello world");
    expect(await store.exists(descriptor)).toBe(true);
    expect((await store.add(join(folder, "hello.txt"), { name: "other/name" })).mediaType).toBe(MEDIA_TYPES.ociLayer);
    await expect(store.add("dir/sub/file", { name: "../x" })).rejects.toMatchObject({ code: "ERR_UNSAFE_TITLE" });
    await writeFile(join(folder, "changed"), "x");
    await expect(store.add("changed", { name: "hello.txt" })).rejects.toMatchObject({ code: "ERR_DUPLICATE_TITLE" });
    await expect(store.add("missing")).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("a folder is packed the same way every time, and comes out elsewhere as it was", async () => {
    const temporaryFolder = await mkdtemp(join(scratch, "tmp-"));
    await using store = await open({ temporaryFolder });
    const descriptor = await store.add("dir");
    const again = await (await open({ temporaryFolder: scratch })).add("dir");
    expect(again).toEqual(descriptor);
    expect(descriptor.mediaType).toBe(MEDIA_TYPES.ociLayerGzip);
    const bytes = Buffer.concat(await Array.fromAsync(await store.fetch(descriptor)));
    expect(descriptor.annotations).toEqual({ [TITLE]: "dir", [UNPACK]: "true", [UNPACKED_DIGEST]: digestOf(gunzipSync(bytes)) });
    const elsewhere = await openFileStore(join(scratch, "elsewhere"));
    await elsewhere.push(descriptor, await store.fetch(descriptor));
    expect(await readFile(join(scratch, "elsewhere/dir/sub/file"), "utf8")).toBe("hello world");
    await store.close();
    expect(await readdir(temporaryFolder)).toEqual([]);
  });

  test("a file that changes after it was added is not passed on as if it had not", async () => {
    const store = await open();
    const descriptor = await store.add("hello.txt");
    await writeFile(join(folder, "hello.txt"), "HELLO world");
    await expect(textOf(await store.fetch(descriptor))).rejects.toMatchObject({ code: "ERR_DIGEST_MISMATCH" });
  });
});
