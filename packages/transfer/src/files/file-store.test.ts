import { lstat, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { bytesSource } from "@berth/oci";
import { descriptorOf } from "@berth/oci/node";
import { imageManifest } from "@berth/testkit/images";
import { expect, test } from "vitest";
import { textOf } from "../archive/archive.test-kit.ts";
import { copyGraph } from "../copy/copy-graph.ts";
import { createMemoryStore } from "../memory/memory-store.ts";
import { hello, push, titled, useFolders } from "./file-store.test-kit.ts";

const files = useFolders();

test("a blob with a title becomes a file, in folders if need be; it can be read back", async () => {
  const store = await files.open();
  await push(store, hello, "a/b/hello.txt");
  expect(await readFile(join(files.folder, "a/b/hello.txt"))).toEqual(hello);
  const descriptor = titled(hello, "a/b/hello.txt");
  expect(await store.exists(descriptor)).toBe(true);
  expect(await textOf(await store.fetch(descriptor))).toBe("hello world");
  expect(await textOf(await store.fetch(descriptor, { offset: 3, length: 5 }))).toBe("lo wo");
  expect(await readdir(files.folder)).toEqual(["a"]);
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
  const store = await files.open();
  await expect(push(store, hello, title)).rejects.toMatchObject({ code: "ERR_UNSAFE_TITLE", title });
  expect(await readdir(files.scratch)).toEqual([]);
});

test("a folder on the way that is a link, or a file, is refused", async () => {
  await mkdir(files.folder);
  await symlink(files.scratch, join(files.folder, "link"));
  await writeFile(join(files.folder, "file"), "");
  await mkdir(join(files.folder, "folder"));
  const store = await files.open();
  for (const title of ["link/out", "file/x", "folder"]) {
    await expect(push(store, hello, title)).rejects.toMatchObject({ code: "ERR_UNSAFE_TITLE", title });
  }
  expect((await readdir(files.scratch)).toSorted()).toEqual(["in"]);
  expect((await readdir(files.folder)).toSorted()).toEqual(["file", "folder", "link"]);
});

test("a link in the place of a file is replaced, not followed", async () => {
  await mkdir(files.folder);
  await writeFile(join(files.scratch, "outside"), "safe");
  await symlink("../outside", join(files.folder, "hello"));
  await push(await files.open(), hello, "hello");
  expect(await readFile(join(files.scratch, "outside"), "utf8")).toBe("safe");
  expect((await lstat(join(files.folder, "hello"))).isFile()).toBe(true);
});

test("old files are replaced, or kept when asked; the same content is no reason to fetch", async () => {
  await mkdir(files.folder);
  await writeFile(join(files.folder, "hello"), "old");
  const keeping = await files.open({ keepOldFiles: true });
  await expect(push(keeping, hello, "hello")).rejects.toMatchObject({ code: "ERR_FILE_EXISTS", title: "hello" });
  expect(await readdir(files.folder)).toEqual(["hello"]);
  await push(await files.open(), hello, "hello");
  expect(await readFile(join(files.folder, "hello"), "utf8")).toBe("hello world");
  const again = await files.open({ keepOldFiles: true });
  expect(await again.exists(titled(hello, "hello"))).toBe(true);
  await push(again, hello, "hello");
});

test("two contents of one title are refused; one content of two titles is written twice", async () => {
  const store = await files.open();
  await push(store, hello, "./one");
  await expect(push(store, Buffer.from("other"), "one")).rejects.toMatchObject({ code: "ERR_DUPLICATE_TITLE", title: "one" });
  const manifest = imageManifest({ layers: [titled(hello, "./one"), titled(hello, "two"), titled(hello, "deep/three")] });
  await store.push(manifest.descriptor, bytesSource(manifest.bytes));
  for (const name of ["one", "two", "deep/three"]) expect(await readFile(join(files.folder, name), "utf8")).toBe("hello world");
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
  await copyGraph(source, manifest.descriptor, await files.open({ untitled: "skip" }));
  expect((await readdir(files.folder)).toSorted()).toEqual(["a.json", "b.json", "hello"]);
  expect(await readFile(join(files.folder, "b.json"), "utf8")).toBe("{}");
});

test("content that was forgotten, and turns out to be a file, is an error", async () => {
  const store = await files.open({ untitled: "skip" });
  await store.push(descriptorOf("text/plain", hello), bytesSource(hello));
  const manifest = imageManifest({ layers: [titled(hello, "hello")] });
  await expect(store.push(manifest.descriptor, bytesSource(manifest.bytes))).rejects.toMatchObject({ code: "ERR_NOT_FOUND" });
});

test("content that is wrong, or of which nothing came, leaves nothing; it may come again", async () => {
  const store = await files.open();
  const descriptor = titled(hello, "hello");
  await expect(store.push(descriptor, bytesSource("hello w0rld"))).rejects.toMatchObject({ code: "ERR_DIGEST_MISMATCH" });
  await expect(store.push(descriptor, bytesSource("hello world, and more"))).rejects.toMatchObject({ code: "ERR_SIZE_MISMATCH" });
  const stuck = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => undefined) }) };
  const controller = new AbortController();
  const pushing = store.push(descriptor, stuck, { signal: controller.signal });
  controller.abort(new Error("enough"));
  await expect(pushing).rejects.toThrow("enough");
  expect(await readdir(files.folder)).toEqual([]);
  expect(await store.exists(descriptor)).toBe(false);
  await Promise.all([store.push(descriptor, bytesSource(hello)), store.push(descriptor, bytesSource(hello))]);
  expect(await readdir(files.folder)).toEqual(["hello"]);
});

test("blobs without a title are kept in memory up to a limit, or checked and forgotten", async () => {
  const keeping = await files.open({ maxMemoryBytes: 20 });
  const plain = descriptorOf("text/plain", hello);
  await keeping.push(plain, bytesSource(hello));
  expect(await textOf(await keeping.fetch(plain))).toBe("hello world");
  const large = Buffer.alloc(21);
  await expect(keeping.push(descriptorOf("text/plain", large), bytesSource(large))).rejects.toMatchObject({ code: "ERR_LIMIT_EXCEEDED" });
  const skipping = await files.open({ untitled: "skip" });
  await expect(skipping.push(plain, bytesSource("hello w0rld"))).rejects.toMatchObject({ code: "ERR_DIGEST_MISMATCH" });
  await skipping.push(plain, bytesSource(hello));
  expect(await skipping.exists(plain)).toBe(true);
  await expect(skipping.fetch(plain)).rejects.toMatchObject({ code: "ERR_NOT_FOUND" });
  expect(await readdir(files.scratch)).toEqual([]);
});
