import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { fileCalls, type FileCalls } from "./calls.ts";
import { FilesystemDriver } from "./driver.ts";
import { VolatileDisk } from "./testing/volatile-disk.ts";

interface Store {
  readonly driver: FilesystemDriver;
  /** What a power cut would take of a path. */
  readonly lost: (path: string) => string[];
}

async function createStore(calls: Partial<FileCalls> = {}, seed = 1): Promise<Store> {
  const root = await mkdtemp(join(tmpdir(), "berth-durability-"));
  onTestFinished(() => rm(root, { recursive: true }));
  const disk = new VolatileDisk(calls, seed);
  return { driver: new FilesystemDriver(root, disk.calls), lost: (path) => disk.lost(root + path, root) };
}

async function write(driver: FilesystemDriver, path: string): Promise<void> {
  const writer = await driver.writer(path);
  await writer.write([Buffer.from("one"), Buffer.from("two")]);
  await writer.commit();
}

test("[server/Q10] putContent is durable when it resolves: bytes, name, and new folders", async () => {
  const { driver, lost } = await createStore();
  for (const path of ["/a/b/c", "/a/b/d", "/a/e", "/f"]) {
    await driver.putContent(path, Buffer.from("content"));
    expect(lost(path)).toEqual([]);
    await driver.putContent(path, Buffer.from("other"));
    expect(lost(path)).toEqual([]);
  }
});

test("[server/Q10] commit is durable when it resolves, and sync and close are for the bytes", async () => {
  const { driver, lost } = await createStore();
  await write(driver, "/a/b/c");
  expect(lost("/a/b/c")).toEqual([]);
  const writer = await driver.writer("/a/b/d");
  await writer.write(Buffer.from("one"));
  expect(lost("/a/b/d").join()).toContain("bytes");
  await writer.sync();
  expect(lost("/a/b/d").join()).not.toContain("bytes");
  await writer.write(Buffer.from("two"));
  await writer.close();
  expect(lost("/a/b/d").join()).not.toContain("bytes");
  await (await driver.writer("/a/b/d", { keep: "all" })).commit();
  expect(lost("/a/b/d")).toEqual([]);
});

test("[server/Q10] a long write is durable when it is synced or committed", async () => {
  const { driver, lost } = await createStore();
  const writer = await driver.writer("/a/long");
  for (const length of [5, 3_000_000, 1, 1_500_000]) {
    await writer.write(Buffer.alloc(length, 1));
    await writer.sync();
    expect(lost("/a/long").join()).not.toContain("bytes");
  }
  await writer.write(Buffer.alloc(2_500_000, 2));
  await writer.commit();
  expect(lost("/a/long")).toEqual([]);
  expect((await driver.stat("/a/long")).size).toBe(7_000_006);
});

test("[server/Q10] copy and move are durable when they resolve, over something old too", async () => {
  const { driver, lost } = await createStore();
  await write(driver, "/from/file");
  for (let round = 0; round < 2; round += 1) {
    await driver.copy("/from/file", "/to/deep/copy");
    expect(lost("/to/deep/copy")).toEqual([]);
  }
  await driver.move("/to/deep/copy", "/other/place/file");
  expect(lost("/other/place/file")).toEqual([]);
  await driver.move("/from/file", "/other/place/file");
  expect(lost("/other/place/file")).toEqual([]);
});

test("[server/Q10] a copy of a write that was committed without a flush is durable", async () => {
  const { driver, lost } = await createStore();
  const writer = await driver.writer("/uploads/one");
  await writer.write(Buffer.from("content"));
  await writer.commit({ durable: false });
  expect(lost("/uploads/one")).not.toEqual([]);
  await driver.copy("/uploads/one", "/blobs/a/data");
  expect(lost("/blobs/a/data")).toEqual([]);
});

test("[server/Q10] a copy of bytes is durable where files cannot be linked", async () => {
  const { driver, lost } = await createStore({ link: () => Promise.reject(Object.assign(new Error("no links"), { code: "EPERM" })) });
  await write(driver, "/from");
  await driver.copy("/from", "/to/copy");
  expect(lost("/to/copy")).toEqual([]);
});

test("[server/Q10] calls at the same time that need the same new folders are each durable when they resolve", async () => {
  for (let round = 0; round < 40; round += 1) {
    const { driver, lost } = await createStore({}, round);
    const jobs = Array.from({ length: 12 }, async (_, index) => {
      const path = `/${round}/${index % 3}/${index % 2}/${index}`;
      if (index % 4 === 0) await driver.putContent(path, Buffer.from("content"));
      else await write(driver, path);
      if (index % 4 !== 2) return path;
      await driver.copy(path, `/${round}/copies/${index}`);
      return `/${round}/copies/${index}`;
    });
    await Promise.all(jobs.map((job) => job.then((path) => assert.deepEqual(lost(path), []))));
  }
});

test("calls at the same time share the flushes of a folder", async () => {
  let folderFlushes = 0;
  const { driver } = await createStore({
    fsync(fd) {
      folderFlushes += 1;
      return fileCalls.fsync(fd);
    },
  });
  await driver.putContent("/a/first", Buffer.alloc(0));
  folderFlushes = 0;
  await Promise.all(Array.from({ length: 50 }, (_, index) => write(driver, `/a/${index}`)));
  // writers flush bytes by fdatasync, so these are folders
  expect(folderFlushes).toBeLessThan(50);
});

test("[server/Q4] what fails before the rename leaves the old content and no temporary file", async () => {
  for (const call of ["write", "fsync", "rename"] as const) {
    const broken = new Set<string>();
    const failing = (): Promise<never> => Promise.reject(Object.assign(new Error("broken"), { code: "EIO" }));
    const root = await mkdtemp(join(tmpdir(), "berth-durability-"));
    onTestFinished(() => rm(root, { recursive: true }));
    const driver = new FilesystemDriver(root, {
      ...fileCalls,
      write: (...given) => (broken.has("write") ? failing() : fileCalls.write(...given)),
      fsync: (...given) => (broken.has("fsync") ? failing() : fileCalls.fsync(...given)),
      rename: (...given) => (broken.has("rename") ? failing() : fileCalls.rename(...given)),
    });
    await driver.putContent("/a", Buffer.from("old"));
    broken.add(call);
    await expect(driver.putContent("/a", Buffer.from("new")), call).rejects.toMatchObject({ code: "ERR_STORAGE", path: "/a" });
    expect((await driver.getContent("/a")).toString(), call).toBe("old");
    expect(await readdir(join(root, "~tmp")), call).toEqual([]);
  }
});
