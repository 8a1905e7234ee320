import { mkdir, mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { MEDIA_TYPES } from "@berth/oci";
import { digestOf } from "@berth/oci/node";
import { beforeEach, expect, test } from "vitest";
import { textOf } from "../archive/archive.test-kit.ts";
import { openFileStore } from "./file-store.ts";
import { hello, titled, useFolders } from "./file-store.test-kit.ts";
import { TITLE, UNPACK, UNPACKED_DIGEST } from "./title.ts";

const files = useFolders();

beforeEach(async () => {
  await mkdir(join(files.folder, "dir/sub"), { recursive: true });
  await writeFile(join(files.folder, "dir/sub/file"), hello);
  await writeFile(join(files.folder, "hello.txt"), hello);
});

test("a file is described with its title, and read where it lies", async () => {
  const store = await files.open();
  const descriptor = await store.add("hello.txt", { mediaType: "text/plain", annotations: { a: "b" } });
  expect(descriptor).toEqual(titled(hello, "hello.txt", { a: "b" }));
  expect(await textOf(await store.fetch(descriptor))).toBe("hello world");
  expect(await store.exists(descriptor)).toBe(true);
  expect((await store.add(join(files.folder, "hello.txt"), { name: "other/name" })).mediaType).toBe(MEDIA_TYPES.ociLayer);
  await expect(store.add("dir/sub/file", { name: "../x" })).rejects.toMatchObject({ code: "ERR_UNSAFE_TITLE" });
  await writeFile(join(files.folder, "changed"), "x");
  await expect(store.add("changed", { name: "hello.txt" })).rejects.toMatchObject({ code: "ERR_DUPLICATE_TITLE" });
  await expect(store.add("missing")).rejects.toMatchObject({ code: "ENOENT" });
});

test("a folder is packed the same way every time, and comes out elsewhere as it was", async () => {
  const temporaryFolder = await mkdtemp(join(files.scratch, "tmp-"));
  await using store = await files.open({ temporaryFolder });
  const descriptor = await store.add("dir");
  const again = await (await files.open({ temporaryFolder: files.scratch })).add("dir");
  expect(again).toEqual(descriptor);
  expect(descriptor.mediaType).toBe(MEDIA_TYPES.ociLayerGzip);
  const bytes = Buffer.concat(await Array.fromAsync(await store.fetch(descriptor)));
  expect(descriptor.annotations).toEqual({ [TITLE]: "dir", [UNPACK]: "true", [UNPACKED_DIGEST]: digestOf(gunzipSync(bytes)) });
  const elsewhere = await openFileStore(join(files.scratch, "elsewhere"));
  await elsewhere.push(descriptor, await store.fetch(descriptor));
  expect(await readFile(join(files.scratch, "elsewhere/dir/sub/file"), "utf8")).toBe("hello world");
  await store.close();
  expect(await readdir(temporaryFolder)).toEqual([]);
});

test("a file that changes after it was added is not passed on as if it had not", async () => {
  const store = await files.open();
  const descriptor = await store.add("hello.txt");
  await writeFile(join(files.folder, "hello.txt"), "HELLO world");
  await expect(textOf(await store.fetch(descriptor))).rejects.toMatchObject({ code: "ERR_DIGEST_MISMATCH" });
});
