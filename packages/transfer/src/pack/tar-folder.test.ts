import { chmod, mkdir, symlink, utimes, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { Readable } from "node:stream";
import { type ByteSource, bytesSource } from "@berth/oci";
import { createScratch, type Scratch } from "@berth/testkit/parts";
import { extract } from "tar-stream";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readTar } from "../image/tar-reader.ts";
import { UnpackableFileError } from "./errors.ts";
import { tarFolder } from "./tar-folder.ts";
import { MAX_EPOCH } from "./timestamps.ts";

let scratch: Scratch;
beforeEach(async () => {
  scratch = await createScratch();
});
afterEach(async () => {
  await scratch.remove();
});

async function bytesOf(source: ByteSource): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(source));
}

async function entriesOf(tar: Uint8Array): Promise<readonly (readonly [name: string, type: string, mode: number, content: string])[]> {
  const reader = extract();
  reader.end(tar);
  const found: [string, string, number, string][] = [];
  for await (const entry of reader) {
    const { name, type, mode, linkname, uid, gid, uname, gname } = entry.header;
    expect([uid, gid, uname, gname]).toEqual([0, 0, "", ""]);
    const chunks: AsyncIterable<Uint8Array> = Readable.from(entry);
    const content = Buffer.concat(await Array.fromAsync(chunks)).toString();
    found.push([name, type, mode, type === "symlink" ? linkname : content]);
  }
  return found;
}

async function makeTree(name: string, order: readonly string[]): Promise<string> {
  const root = scratch.join(name);
  await mkdir(join(root, "sub"), { recursive: true });
  for (const file of order) {
    await writeFile(join(root, file), `content of ${file}`);
    await chmod(join(root, file), 0o644);
  }
  await chmod(join(root, "sub"), 0o755);
  await chmod(root, 0o755);
  await symlink("../b.txt", join(root, "sub", "link"));
  return root;
}

test("tarFolder() writes entries by name, of nobody and at one time, whatever the order and times on disk", async () => {
  const one = await makeTree("one", ["b.txt", "a.sh", "sub/é"]);
  const two = await makeTree("two", ["sub/é", "a.sh", "b.txt"]);
  await chmod(join(one, "a.sh"), 0o755);
  await chmod(join(two, "a.sh"), 0o755);
  await utimes(join(two, "b.txt"), 1_000_000, 1_000_000);
  const tar = await bytesOf(tarFolder([{ path: one, name: "app" }]));
  expect(await entriesOf(tar)).toEqual([
    ["app/", "directory", 0o755, ""],
    ["app/a.sh", "file", 0o755, "content of a.sh"],
    ["app/b.txt", "file", 0o644, "content of b.txt"],
    ["app/sub/", "directory", 0o755, ""],
    ["app/sub/link", "symlink", 0o777, "../b.txt"],
    ["app/sub/é", "file", 0o644, "content of sub/é"],
  ]);
  expect(tar.equals(await bytesOf(tarFolder([{ path: two, name: "/app/" }])))).toBe(true);
  expect(tar.equals(await bytesOf(tarFolder([{ path: one, name: "app" }], { epoch: 5 })))).toBe(false);
});

test("tarFolder() puts the content of a folder at the top, and several inputs in the order of their names", async () => {
  const root = await makeTree("tree", ["b.txt"]);
  const names = async (...inputs: readonly string[]) =>
    (await entriesOf(await bytesOf(tarFolder(inputs.map((name) => ({ path: name === "" ? root : join(root, "b.txt"), name })))))).map(
      ([name]) => name,
    );
  expect(await names("")).toEqual(["b.txt", "sub/", "sub/link"]);
  expect(await names("z", "x/y", "/a")).toEqual(["a", "x/y", "z"]);
});

test("tarFolder() follows a link that it is given, not those in a folder", async () => {
  const root = await makeTree("tree", ["b.txt"]);
  await symlink(join(root, "b.txt"), scratch.join("given"));
  expect(await entriesOf(await bytesOf(tarFolder([{ path: scratch.join("given"), name: "x" }])))).toEqual([
    ["x", "file", 0o644, "content of b.txt"],
  ]);
});

test("tarFolder() keeps long names and large files whole", async () => {
  const name = `${"long/".repeat(60)}name`;
  const content = Buffer.alloc(3_000_001, "0123456789");
  await writeFile(scratch.join("large"), content);
  const tar = await bytesOf(tarFolder([{ path: scratch.join("large"), name }]));
  const [entry] = await entriesOf(tar);
  expect(entry?.[0]).toBe(name);
  expect(entry?.[3]).toBe(content.toString());
});

test("tarFolder() refuses names that leave the archive or come twice, and a file at its top", async () => {
  const path = scratch.join("file");
  await writeFile(path, "x");
  const reading = async (...names: readonly string[]) => await bytesOf(tarFolder(names.map((name) => ({ path, name }))));
  for (const name of ["..", "../x", "a/../../x", "/../x"]) await expect(reading(name)).rejects.toThrow(UnpackableFileError);
  await expect(reading("a", "./a")).rejects.toThrow("twice");
  await expect(reading("")).rejects.toThrow("only a folder");
});

test.each([0, 2 ** 31, 8 ** 11 - 1, 8 ** 11, MAX_EPOCH])(
  "tarFolder() gives its entries any time that SOURCE_DATE_EPOCH may hold: %i",
  async (epoch) => {
    const root = await makeTree("tree", ["b.txt"]);
    const tar = await bytesOf(tarFolder([{ path: root, name: "app" }], { epoch }));
    const times: number[] = [];
    for await (const { entry } of readTar(bytesSource(tar))) times.push(entry.mtime);
    expect(times).toEqual([epoch, epoch, epoch, epoch]);
  },
);

test("tarFolder() refuses sockets, and times that do not fit", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(scratch.join("socket"), resolve));
  try {
    await expect(bytesOf(tarFolder([{ path: scratch.path, name: "all" }]))).rejects.toThrow(UnpackableFileError);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
  for (const epoch of [-1, 1.5, MAX_EPOCH + 1, Number.NaN]) expect(() => tarFolder([], { epoch })).toThrow(RangeError);
});

test("tarFolder() gives up a file that is shorter than it was", async () => {
  const path = scratch.join("file");
  await writeFile(path, Buffer.alloc(2_000_000, 1));
  const tar = tarFolder([{ path, name: "file" }])[Symbol.asyncIterator]();
  await tar.next();
  await writeFile(path, "short");
  await expect(bytesOf({ [Symbol.asyncIterator]: () => tar })).rejects.toThrow("it changed while it was read");
});

test("tarFolder() ends with the reason of its signal, and when its reader leaves", async () => {
  const path = scratch.join("file");
  await writeFile(path, Buffer.alloc(5_000_000, 1));
  const reason = new Error("enough");
  const controller = new AbortController();
  const reading = async (): Promise<void> => {
    for await (const _ of tarFolder([{ path, name: "file" }], { signal: controller.signal })) controller.abort(reason);
  };
  await expect(reading()).rejects.toBe(reason);
  for await (const chunk of tarFolder([{ path, name: "file" }])) {
    expect(chunk.byteLength).toBeGreaterThan(0);
    break;
  }
});
