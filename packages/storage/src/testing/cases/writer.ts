import assert from "node:assert/strict";
import type { FileWriter, StorageDriver } from "../../driver.ts";
import type { DriverCase } from "../case.ts";
import { bytesOf } from "../content.ts";
import { fails, holds, missing } from "../expect.ts";

/** Writes in parts, each by a writer of its own as another process would. */
async function writeInParts(driver: StorageDriver, path: string, content: Buffer, part: number): Promise<void> {
  await (await driver.writer(path)).close();
  for (let offset = 0; offset < content.byteLength; offset += part) {
    const writer = await driver.writer(path, { keep: "all" });
    assert.equal(writer.size, offset);
    await writer.write(content.subarray(offset, offset + part));
    assert.equal(writer.size, Math.min(offset + part, content.byteLength));
    await writer.close();
  }
  const writer = await driver.writer(path, { keep: content.byteLength });
  await writer.commit();
  await holds(driver, path, content);
}

async function failsFully(driver: StorageDriver, writer: FileWriter): Promise<void> {
  const calls = [writer.write(bytesOf(1)), writer.sync(), writer.close(), writer.commit()];
  await Promise.all(calls.map((call) => fails(driver, "ERR_STORAGE", call)));
}

/** Streams into a file. */
export const writerCases: readonly DriverCase[] = [
  {
    title: "[server/Q5,Q30] a write goes on after close in large parts",
    run: ({ driver }) => writeInParts(driver, "/file", bytesOf(4 * 1024 * 1024), 1024 * 1024),
  },
  {
    title: "[server/Q5,Q30] a write goes on after close in small parts",
    run: ({ driver }) => writeInParts(driver, "/file", bytesOf(500), 37),
  },
  {
    title: "[server/Q5,Q30] zero bytes committed are a file, to which more can be added",
    capability: "resumeCommitted",
    async run({ driver }) {
      await (await driver.writer("/stream")).commit();
      await driver.putContent("/content", bytesOf(0));
      for (const path of ["/stream", "/content"]) {
        await holds(driver, path, bytesOf(0));
        const writer = await driver.writer(path, { keep: "all" });
        await writer.write(bytesOf(50));
        await writer.commit();
        await holds(driver, path, bytesOf(50));
      }
    },
  },
  {
    title: "[server/Q5] commit of zero bytes makes an empty file",
    async run({ driver }) {
      await (await driver.writer("/empty")).commit();
      await holds(driver, "/empty", bytesOf(0));
    },
  },
  {
    title: "keep drops what lies beyond it",
    async run({ driver }) {
      const first = await driver.writer("/file");
      await first.write(bytesOf(300_000));
      await first.close();
      for (const keep of [200_000, 100_001, 7]) {
        const next = await driver.writer("/file", { keep });
        assert.equal(next.size, keep);
        await next.close();
      }
      const last = await driver.writer("/file", { keep: "all" });
      assert.equal(last.size, 7);
      await last.write(bytesOf(3, 2));
      await last.commit();
      await holds(driver, "/file", Buffer.concat([bytesOf(7), bytesOf(3, 2)]));
    },
  },
  {
    title: "keep of more than there is, negative or broken is refused and drops nothing",
    async run({ driver }) {
      const first = await driver.writer("/file");
      await first.write(bytesOf(10));
      await first.close();
      for (const keep of [11, -1, 0.5, Number.NaN]) await fails(driver, "ERR_INVALID_OFFSET", driver.writer("/file", { keep }));
      const next = await driver.writer("/file", { keep: "all" });
      await next.commit();
      await holds(driver, "/file", bytesOf(10));
    },
  },
  {
    title: "a writer without keep starts anew",
    async run({ driver }) {
      const first = await driver.writer("/file");
      await first.write(bytesOf(1000));
      await first.close();
      const next = await driver.writer("/file");
      assert.equal(next.size, 0);
      await next.write(bytesOf(5));
      await next.commit();
      await holds(driver, "/file", bytesOf(5));
    },
  },
  {
    title: "write takes lists of chunks, empty ones too, and lets the caller reuse them",
    async run({ driver }) {
      const writer = await driver.writer("/file");
      const chunk = bytesOf(70_000);
      await writer.write([chunk, bytesOf(0), bytesOf(1, 2), bytesOf(9, 3)]);
      chunk.fill(0);
      await writer.write([]);
      await writer.write(bytesOf(0));
      const many = Array.from({ length: 3000 }, (_, index) => bytesOf(3, index + 1));
      await writer.write(many);
      await writer.commit();
      await holds(driver, "/file", Buffer.concat([bytesOf(70_000), bytesOf(1, 2), bytesOf(9, 3), ...many]));
    },
  },
  {
    title: "writes of all lengths come back as they were",
    async run({ driver }) {
      const content = bytesOf(9_000_000);
      const writer = await driver.writer("/file");
      const lengths = [1, 4095, 4096, 4097, 65_536, 1_048_575, 1_048_576, 1_048_577, 3_000_000, 5];
      for (let offset = 0, index = 0; offset < content.byteLength; index += 1) {
        const length = lengths[index % lengths.length] ?? 1;
        await writer.write(content.subarray(offset, offset + length));
        offset += length;
      }
      assert.equal(writer.size, content.byteLength);
      await writer.commit();
      await holds(driver, "/file", content);
    },
  },
  {
    title: "sync keeps what was written so far, and more may follow",
    async run({ driver }) {
      const writer = await driver.writer("/file");
      await writer.write(bytesOf(100_000));
      await writer.sync();
      await writer.write(bytesOf(10, 2));
      await writer.sync();
      assert.equal(writer.size, 100_010);
      await writer.commit();
      await holds(driver, "/file", Buffer.concat([bytesOf(100_000), bytesOf(10, 2)]));
    },
  },
  {
    title: "[server/Q5] after close, commit or cancel a writer takes nothing more",
    async run({ driver }) {
      const closed = await driver.writer("/closed");
      await closed.write(bytesOf(10));
      await closed.close();
      await failsFully(driver, closed);
      const committed = await driver.writer("/committed");
      await committed.write(bytesOf(10));
      await committed.commit();
      await failsFully(driver, committed);
      await holds(driver, "/committed", bytesOf(10));
      const cancelled = await driver.writer("/cancelled");
      await cancelled.cancel();
      await failsFully(driver, cancelled);
      await closed.cancel();
    },
  },
  {
    title: "[server/Q5] cancel drops the bytes, whether open or closed, and may be called again",
    async run({ driver }) {
      const open = await driver.writer("/a/open");
      await open.write(bytesOf(10));
      await open.cancel();
      await open.cancel();
      const closed = await driver.writer("/a/closed");
      await closed.write(bytesOf(10));
      await closed.close();
      await closed.cancel();
      await closed.cancel();
      for (const path of ["/a/open", "/a/closed"]) {
        await missing(driver, path);
        await fails(driver, "ERR_PATH_NOT_FOUND", driver.writer(path, { keep: "all" }));
      }
      assert.deepEqual(await driver.list("/"), []);
    },
  },
  {
    title: "[server/Q5] cancel after commit does nothing",
    async run({ driver }) {
      const writer = await driver.writer("/file");
      await writer.write(bytesOf(10));
      await writer.commit();
      await writer.cancel();
      await holds(driver, "/file", bytesOf(10));
    },
  },
  {
    title: "a writer whose path was deleted can be cancelled, and no folder stays",
    async run({ driver }) {
      const writer = await driver.writer("/folder/deep/file");
      await writer.write(bytesOf(10));
      await driver.delete("/folder/deep/file").catch(() => undefined); // drivers that hide unfinished writes may have nothing there yet
      await writer.cancel();
      await missing(driver, "/folder/deep/file");
      assert.deepEqual(await driver.list("/"), []);
    },
  },
  {
    title: "delete of the path, or of a folder above it, drops an unfinished write",
    async run({ driver }) {
      for (const [path, deleted] of [
        ["/file", "/file"],
        ["/folder/deep/file", "/folder"],
      ] as const) {
        const writer = await driver.writer(path);
        await writer.write(bytesOf(10));
        await writer.close();
        await driver.delete(deleted);
        await fails(driver, "ERR_PATH_NOT_FOUND", driver.writer(path, { keep: "all" }));
      }
    },
  },
  {
    title: "[server/Q5] commit makes a write visible, not close",
    capability: "hiddenUntilCommit",
    async run({ driver }) {
      const writer = await driver.writer("/file");
      await writer.write(bytesOf(10));
      await missing(driver, "/file");
      await writer.close();
      await missing(driver, "/file");
      await (await driver.writer("/file", { keep: "all" })).commit();
      await holds(driver, "/file", bytesOf(10));
    },
  },
  {
    title: "[server/Q31] writers of different paths do not disturb each other",
    async run({ driver }) {
      const contents = Array.from({ length: 10 }, (_, index) => bytesOf(400_000 + index, index + 1));
      await Promise.all(
        contents.map(async (content, index) => {
          const writer = await driver.writer(`/folder/${index}/file`);
          for (let offset = 0; offset < content.byteLength; offset += 70_000) await writer.write(content.subarray(offset, offset + 70_000));
          await writer.commit();
        }),
      );
      await Promise.all(contents.map((content, index) => holds(driver, `/folder/${index}/file`, content)));
    },
  },
];
