import { constants } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { bytesOf } from "../testing/content.ts";
import { fileCalls, type FileCalls } from "./calls.ts";
import { SLOT, SlotPool } from "./direct.ts";
import { FilesystemDriver } from "./driver.ts";

const MIB = 1024 * 1024;

interface Store {
  readonly driver: FilesystemDriver;
  /** Descriptors opened with `O_DIRECT`, ever and now. */
  readonly direct: { readonly opened: Set<number>; readonly open: Set<number> };
}

async function createStore(calls: Partial<FileCalls> = {}): Promise<Store> {
  const root = await mkdtemp(join(tmpdir(), "berth-direct-"));
  onTestFinished(() => rm(root, { recursive: true }));
  const direct = { opened: new Set<number>(), open: new Set<number>() };
  const driver = new FilesystemDriver(root, {
    ...fileCalls,
    async open(path, flags) {
      const fd = await (calls.open ?? fileCalls.open)(path, flags);
      if ((flags & constants.O_DIRECT) !== 0) for (const set of Object.values(direct)) set.add(fd);
      return fd;
    },
    async close(fd) {
      direct.open.delete(fd);
      await fileCalls.close(fd);
    },
    write: (fd, chunk, position) => (direct.open.has(fd) && calls.write !== undefined ? calls.write : fileCalls.write)(fd, chunk, position),
  });
  return { driver, direct };
}

async function writeLong(driver: FilesystemDriver, path: string, content: Buffer): Promise<void> {
  const writer = await driver.writer(path);
  try {
    for (let offset = 0; offset < content.byteLength; offset += 700_001) await writer.write(content.subarray(offset, offset + 700_001));
    await writer.commit();
  } catch (error) {
    await writer.cancel();
    throw error;
  }
}

function failing(code: string): () => Promise<never> {
  return () => Promise.reject(Object.assign(new Error(code), { code }));
}

test("slots start at a page, and the pool has an end", () => {
  const pool = new SlotPool();
  const slots: Uint8Array[] = [];
  for (let slot = pool.take(); slot !== undefined; slot = pool.take()) slots.push(slot);
  expect(slots).toHaveLength(32);
  expect(slots.every((slot) => slot.byteLength === SLOT && slot.byteOffset % 4096 === 0)).toBe(true);
  for (const slot of slots) pool.give(slot);
  expect(pool.take()?.byteLength).toBe(SLOT);
});

describe.runIf(process.platform === "linux")("writes past the page cache", () => {
  test("are made for long files only, and let go", async () => {
    const { driver, direct } = await createStore();
    await writeLong(driver, "/short", bytesOf(MIB - 1));
    expect(direct.opened.size).toBe(0);
    const content = bytesOf(5 * MIB + 12_345);
    await writeLong(driver, "/long", content);
    expect((await driver.getContent("/long")).equals(content)).toBe(true);
    expect([direct.opened.size, direct.open.size]).toEqual([1, 0]);
  });

  test("give the same file for every way to cut it, with syncs and resumes between", async () => {
    const { driver } = await createStore();
    const content = bytesOf(6 * MIB);
    const lengths = fc.oneof(fc.nat(9000), fc.nat(2 * MIB), fc.constantFrom(4096, MIB, MIB - 1, MIB + 1, 2 * MIB + 4096));
    const steps = fc.array(fc.record({ length: lengths, next: fc.constantFrom("go on", "go on", "sync", "close", "truncate") }), {
      minLength: 1,
      maxLength: 8,
    });
    await fc.assert(
      fc.asyncProperty(steps, async (cuts) => {
        let writer = await driver.writer("/file");
        for (const { length, next } of cuts) {
          const offset = writer.size;
          const part = content.subarray(offset, offset + length);
          await writer.write(length % 2 === 0 ? part : [part.subarray(0, length >> 1), part.subarray(length >> 1)]);
          if (next === "sync") await writer.sync();
          if (next !== "close" && next !== "truncate") continue;
          await writer.close();
          writer = await driver.writer("/file", { keep: next === "close" ? "all" : Math.floor(writer.size / 3) });
        }
        const { size } = writer;
        await writer.commit();
        expect((await driver.getContent("/file")).equals(content.subarray(0, size))).toBe(true);
      }),
      { numRuns: 25 },
    );
  });

  test("are given up where the file system cannot open or write so", async () => {
    const content = bytesOf(4 * MIB + 1);
    const refusing: readonly Partial<FileCalls>[] = [
      { open: (path, flags) => ((flags & constants.O_DIRECT) === 0 ? fileCalls.open(path, flags) : failing("EINVAL")()) },
      { write: failing("EINVAL") },
      { write: (fd, chunk, position) => fileCalls.write(fd, chunk.subarray(0, 4096), position) },
    ];
    for (const calls of refusing) {
      const { driver, direct } = await createStore(calls);
      await writeLong(driver, "/long", content);
      expect((await driver.getContent("/long")).equals(content)).toBe(true);
      expect(direct.open.size).toBe(0);
    }
  });

  test("that fail are told by the next call and all after it, and leave nothing", async () => {
    const { driver, direct } = await createStore({ write: failing("ENOSPC") });
    for (let round = 0; round < 40; round += 1) {
      await expect(writeLong(driver, "/a/long", bytesOf(3 * MIB))).rejects.toMatchObject({ code: "ERR_STORAGE_UNAVAILABLE" });
    }
    const writer = await driver.writer("/a/long");
    const write = async (): Promise<void> => {
      for (let count = 0; count < 4; count += 1) await writer.write(bytesOf(MIB));
    };
    await expect(write()).rejects.toMatchObject({ code: "ERR_STORAGE_UNAVAILABLE" });
    for (const call of [() => writer.write(bytesOf(1)), () => writer.sync(), () => writer.commit()]) {
      await expect(call()).rejects.toMatchObject({ code: "ERR_STORAGE_UNAVAILABLE" });
    }
    await writer.cancel();
    expect(await driver.list("/")).toEqual([]);
    expect(direct.open.size).toBe(0);
  });

  test("stay with their file when the path gets another one", async () => {
    const { driver } = await createStore();
    const first = await driver.writer("/file");
    await first.write(bytesOf(10));
    await driver.putContent("/file", bytesOf(20, 2));
    await first.write(bytesOf(3 * MIB));
    await first.close();
    expect((await driver.getContent("/file")).equals(bytesOf(20, 2))).toBe(true);
  });

  test("of more writers than there are slots go through the cache", async () => {
    const { driver } = await createStore();
    const content = bytesOf(2 * MIB + 7);
    const writers = await Promise.all(Array.from({ length: 40 }, (_, index) => driver.writer(`/${index}`)));
    // each holds a slot that is not full
    for (const writer of writers) await writer.write(content.subarray(0, MIB + 100));
    for (const writer of writers) await writer.write(content.subarray(MIB + 100));
    await Promise.all(writers.map((writer) => writer.commit()));
    for (const index of writers.keys()) expect((await driver.getContent(`/${index}`)).equals(content)).toBe(true);
  });
});
