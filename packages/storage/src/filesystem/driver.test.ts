import assert from "node:assert/strict";
import { constants } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, stat, symlink, truncate, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { collect } from "../testing/content.ts";
import { walked } from "../testing/expect.ts";
import { fileCalls, type FileCalls } from "./calls.ts";
import { FilesystemDriver } from "./driver.ts";

async function createStore(calls: Partial<FileCalls> = {}): Promise<{ readonly driver: FilesystemDriver; readonly root: string }> {
  const root = await mkdtemp(join(tmpdir(), "berth-filesystem-"));
  onTestFinished(() => rm(root, { recursive: true }));
  return { root, driver: new FilesystemDriver(root, { ...fileCalls, ...calls }) };
}

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: broken, open '/secret/place'`), { code });
}

test("a store out of room, out of reach or out of descriptors is unavailable for now", async () => {
  for (const code of ["ENOSPC", "EDQUOT", "EROFS", "EMFILE", "ENFILE"]) {
    const { driver } = await createStore({ open: () => Promise.reject(systemError(code)) });
    const calls = [driver.putContent("/a", Buffer.alloc(1)), driver.writer("/a"), driver.getContent("/a")];
    const expected = { code: "ERR_STORAGE_UNAVAILABLE", retryable: true, driver: "filesystem" };
    await Promise.all(calls.map((call) => expect(call, code).rejects.toMatchObject(expected)));
  }
});

test("a full disk in the middle of a write is told, and cancel cleans up", async () => {
  let full = false;
  const { driver } = await createStore({ write: (...given) => (full ? Promise.reject(systemError("ENOSPC")) : fileCalls.write(...given)) });
  const writer = await driver.writer("/a/b");
  await writer.write(Buffer.alloc(10));
  full = true;
  await expect(writer.write(Buffer.alloc(10))).rejects.toMatchObject({ code: "ERR_STORAGE_UNAVAILABLE" });
  expect(writer.size).toBe(10);
  await writer.cancel();
  expect(await driver.list("/")).toEqual([]);
});

test("other system errors are driver errors whose message has no path of the machine", async () => {
  const { driver } = await createStore({ open: () => Promise.reject(systemError("EIO")) });
  const error: unknown = await driver.getContent("/a").catch((reason: unknown) => reason);
  assert.ok(error instanceof Error);
  expect(error).toMatchObject({ code: "ERR_STORAGE", message: 'filesystem: Cannot use path "/a": EIO' });
});

test("a parent that is a file is no missing path for writers", async () => {
  const { driver } = await createStore();
  await driver.putContent("/a", Buffer.from("a"));
  const calls = [driver.putContent("/a/b", Buffer.alloc(1)), driver.writer("/a/b"), driver.copy("/a", "/a/b/c")];
  await Promise.all(calls.map((call) => expect(call).rejects.toMatchObject({ code: "ERR_STORAGE" })));
  await expect(driver.getContent("/a/b")).rejects.toMatchObject({ code: "ERR_PATH_NOT_FOUND" });
});

test("a file system that takes less than it is given gets the rest", async () => {
  const { driver } = await createStore({
    write: (fd, chunk, position) => fileCalls.write(fd, chunk.subarray(0, 3), position),
    writev: (fd, chunks, position) =>
      fileCalls.write(fd, Buffer.concat(chunks.map((chunk) => Buffer.from(chunk))).subarray(0, 4), position),
  });
  await driver.putContent("/put", Buffer.from("0123456789"));
  expect((await driver.getContent("/put")).toString()).toBe("0123456789");
  const writer = await driver.writer("/written");
  await writer.write([Buffer.from("01"), Buffer.from("23456"), Buffer.alloc(0), Buffer.from("789")]);
  await writer.write(Buffer.from("abcd"));
  await writer.commit();
  expect((await driver.getContent("/written")).toString()).toBe("0123456789abcd");
});

test("a file system that takes nothing is an error, no endless loop", async () => {
  const { driver } = await createStore({ write: () => Promise.resolve(0), writev: () => Promise.resolve(0) });
  await expect(driver.putContent("/a", Buffer.from("a"))).rejects.toMatchObject({ code: "ERR_STORAGE" });
  const writer = await driver.writer("/b");
  await expect(writer.write([Buffer.from("a"), Buffer.from("b")])).rejects.toMatchObject({ code: "ERR_STORAGE" });
  await writer.cancel();
});

test("copy falls back to a copy of the bytes where files cannot be linked", async () => {
  for (const code of ["EXDEV", "EPERM", "EMLINK"]) {
    const { driver, root } = await createStore({ link: () => Promise.reject(systemError(code)) });
    await driver.putContent("/a", Buffer.from("a"));
    await driver.copy("/a", "/b/c");
    await driver.copy("/a", "/b/c");
    expect((await driver.getContent("/b/c")).toString()).toBe("a");
    expect((await stat(join(root, "b/c"))).nlink).toBe(1);
  }
});

test("copy shares the bytes where it can, and makes them look new to a sweep that goes by age", async () => {
  const { driver, root } = await createStore();
  await driver.putContent("/a", Buffer.from("a"));
  const old = new Date(Date.now() - 48 * 3600_000);
  await utimes(join(root, "a"), old, old);
  await driver.copy("/a", "/b");
  expect((await stat(join(root, "b"))).ino).toBe((await stat(join(root, "a"))).ino);
  expect((await driver.stat("/b")).modifiedAt.getTime()).toBeGreaterThan(old.getTime() + 3600_000);
});

test("putContent works where a part of the tree is another file system", async () => {
  const { driver, root } = await createStore({
    rename: (from, to) => (from.includes("/~tmp/") ? Promise.reject(systemError("EXDEV")) : fileCalls.rename(from, to)),
  });
  await driver.putContent("/a/b", Buffer.from("one"));
  await driver.putContent("/a/b", Buffer.from("two"));
  expect(await readFile(join(root, "a/b"), "utf8")).toBe("two");
  expect(await walked(driver.walk("/"))).toEqual(["/a", "/a/b"]);
});

test("a file system that cannot flush folders is borne with", async () => {
  const { driver } = await createStore({
    fsync: async (fd) => {
      if ((await fileCalls.fstat(fd)).isDirectory()) throw systemError("EINVAL");
    },
  });
  await driver.putContent("/a/b", Buffer.from("a"));
  expect((await driver.getContent("/a/b")).toString()).toBe("a");
});

test("[server/D17] a file that became shorter under its reader is an error, not a short stream", async () => {
  const { driver, root } = await createStore();
  await driver.putContent("/a", Buffer.alloc(4 * 1024 * 1024));
  const stream = await driver.reader("/a");
  await truncate(join(root, "a"), 1024);
  await expect(collect(stream)).rejects.toMatchObject({ code: "ERR_STORAGE", path: "/a" });
});

test("[server/E6] temporary files of the reference registry and names outside the grammar are left out", async () => {
  const { driver, root } = await createStore();
  await driver.putContent("/a/data", Buffer.from("a"));
  await writeFile(join(root, "a/data.0f8fad5b-d9cb-469f-a165-70867728950e.tmp"), "left");
  await writeFile(join(root, "a/not ours"), "left");
  await mkdir(join(root, "lost+found"));
  // a tag may look like one: it is a folder
  await driver.putContent("/tags/v1.0f8fad5b-d9cb-469f-a165-70867728950e.tmp/link", Buffer.from("t"));
  expect(await driver.list("/a")).toEqual(["/a/data"]);
  expect(await walked(driver.walk("/a"))).toEqual(["/a/data"]);
  expect(await driver.list("/tags")).toHaveLength(1);
  expect(await driver.list("/")).toEqual(["/a", "/tags"]);
});

test("[server/E6] folders are made with mode 0777 and files with 0666, minus the umask", async () => {
  const { driver, root } = await createStore();
  const umask = process.umask();
  await driver.putContent("/a/put", Buffer.alloc(1));
  await (await driver.writer("/a/written")).commit();
  expect((await stat(join(root, "a"))).mode & 0o777).toBe(0o777 & ~umask);
  for (const name of ["a/put", "a/written"]) expect((await stat(join(root, name))).mode & 0o777).toBe(0o666 & ~umask);
});

test("links that the operator made to spread a store over disks are followed", async () => {
  const { driver, root } = await createStore();
  const elsewhere = await mkdtemp(join(tmpdir(), "berth-filesystem-"));
  onTestFinished(() => rm(elsewhere, { recursive: true }));
  await symlink(elsewhere, join(root, "blobs"));
  await driver.putContent("/blobs/a/data", Buffer.from("a"));
  expect(await walked(driver.walk("/"))).toEqual(["/blobs", "/blobs/a", "/blobs/a/data"]);
  await driver.delete("/blobs/a");
  expect(await driver.list("/blobs")).toEqual([]);
});

test("removeLeftovers removes what a crash left, and nothing younger or at a path", async () => {
  const { driver, root } = await createStore();
  expect(await driver.removeLeftovers(new Date())).toBe(0);
  await driver.putContent("/a", Buffer.from("a"));
  await mkdir(join(root, "~tmp/moved/deep"), { recursive: true });
  await writeFile(join(root, "~tmp/put"), "left");
  expect(await driver.removeLeftovers(new Date(Date.now() - 3600_000))).toBe(0);
  expect(await driver.removeLeftovers(new Date(Date.now() + 3600_000))).toBe(2);
  expect(await driver.removeLeftovers(new Date(Date.now() + 3600_000))).toBe(0);
  expect(await driver.list("/")).toEqual(["/a"]);
});

test("a folder that cannot be moved aside is removed in place", async () => {
  const { driver } = await createStore({
    rename: (from, to) => (to.includes("/~tmp/") ? Promise.reject(systemError("EBUSY")) : fileCalls.rename(from, to)),
  });
  await driver.putContent("/a/b/c", Buffer.from("a"));
  await driver.delete("/a/b");
  expect(await driver.list("/")).toEqual([]);
});

test("close of an open file waits for reads under way", async () => {
  const order: string[] = [];
  const { driver } = await createStore({
    async read(...given) {
      const bytes = await fileCalls.read(...given);
      order.push("read");
      return bytes;
    },
    closeClean(fd) {
      order.push("close");
      fileCalls.closeClean(fd);
    },
  });
  await driver.putContent("/a", Buffer.alloc(1000));
  const file = await driver.open("/a");
  order.length = 0;
  await Promise.all([file.read(Buffer.alloc(10), 0), file.read(Buffer.alloc(10), 0), file.close()]);
  expect(order).toEqual(["read", "read", "close"]);
});

test("a descriptor with bytes that are not flushed is closed in a thread, any other at once", async () => {
  const order: string[] = [];
  const { driver } = await createStore({
    closeClean(fd) {
      order.push("clean");
      fileCalls.closeClean(fd);
    },
    async close(fd) {
      order.push("dirty");
      await fileCalls.close(fd);
    },
  });
  const writer = await driver.writer("/a");
  await writer.write(Buffer.from("a"));
  await writer.commit({ durable: false });
  expect(order).toEqual(["dirty"]);
  order.length = 0;
  const file = await driver.open("/a");
  await file.close();
  expect(order).toEqual(["clean"]);
});

test("nothing but a new file is ever opened for a writer that starts anew", async () => {
  const flags: number[] = [];
  const { driver } = await createStore({
    open(path, given) {
      if ((given & constants.O_CREAT) !== 0) flags.push(given);
      return fileCalls.open(path, given);
    },
  });
  await driver.putContent("/a", Buffer.from("a"));
  await (await driver.writer("/a")).commit();
  expect(flags.every((given) => (given & constants.O_EXCL) !== 0)).toBe(true);
});
