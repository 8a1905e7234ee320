import assert from "node:assert/strict";
import { once } from "node:events";
import type { DriverCase } from "../case.ts";
import { bytesOf, collect, hashOf, longStream } from "../content.ts";
import { fails } from "../expect.ts";

/** Streams out of a file. */
export const readerCases: readonly DriverCase[] = [
  {
    title: "[server/Q30] reader starts at any offset",
    async run({ driver }) {
      const content = bytesOf(96);
      await driver.putContent("/file", content);
      for (let offset = 0; offset <= content.byteLength; offset += 1) {
        assert.ok((await collect(await driver.reader("/file", { offset }))).equals(content.subarray(offset)), `offset ${offset}`);
      }
    },
  },
  {
    title: "[server/Q2,Q30] reader at the end has zero bytes; past the end, negative and broken offsets are refused",
    async run({ driver }) {
      await driver.putContent("/file", bytesOf(96));
      assert.equal((await collect(await driver.reader("/file", { offset: 96 }))).byteLength, 0);
      for (const offset of [97, 1_000_000, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
        await fails(driver, "ERR_INVALID_OFFSET", driver.reader("/file", { offset }));
      }
      await driver.putContent("/empty", bytesOf(0));
      assert.equal((await collect(await driver.reader("/empty", { offset: 0 }))).byteLength, 0);
      await fails(driver, "ERR_INVALID_OFFSET", driver.reader("/empty", { offset: 1 }));
    },
  },
  {
    title: "reader stops after length bytes, or at the end",
    async run({ driver }) {
      const content = bytesOf(700_000);
      await driver.putContent("/file", content);
      for (const [offset, length] of [
        [0, 0],
        [0, 1],
        [5, 300_000],
        [699_999, 1],
        [699_999, 50],
        [0, 700_000],
        [0, 700_001],
        [700_000, 9],
      ] as const) {
        const got = await collect(await driver.reader("/file", { offset, length }));
        assert.ok(got.equals(content.subarray(offset, offset + length)), `${length} bytes from ${offset}`);
      }
      for (const length of [-1, 1.5, Number.NaN]) await fails(driver, "ERR_INVALID_OFFSET", driver.reader("/file", { length }));
    },
  },
  {
    title: "a reader that is destroyed early lets go",
    async run({ driver }) {
      await driver.putContent("/file", bytesOf(2 * 1024 * 1024));
      const stream = await driver.reader("/file");
      for await (const chunk of stream) {
        assert.ok(chunk.byteLength > 0);
        break;
      }
      assert.ok(stream.destroyed);
      const unread = await driver.reader("/file");
      unread.destroy();
      await once(unread, "close");
    },
  },
  {
    title: "a signal ends a stream under way with its own reason",
    async run({ driver }) {
      await driver.putContent("/file", bytesOf(4 * 1024 * 1024));
      const controller = new AbortController();
      const reason = new Error("no longer wanted");
      const stream = await driver.reader("/file", { signal: controller.signal });
      const seen = assert.rejects(
        async () => {
          for await (const chunk of stream) if (chunk.byteLength > 0) controller.abort(reason);
        },
        (error) => error === reason,
      );
      await seen;
    },
  },
  {
    title: "an open file is read at any place, also after its path is gone or holds something else",
    async run({ driver }) {
      if (driver.open === undefined) return;
      const content = bytesOf(100_000);
      await driver.putContent("/file", content);
      const file = await driver.open("/file");
      try {
        assert.equal(file.size, 100_000);
        const into = Buffer.alloc(1000);
        assert.equal(await file.read(into, 50_000), 1000);
        assert.ok(into.equals(content.subarray(50_000, 51_000)));
        assert.equal(await file.read(into, 99_990), 10);
        assert.equal(await file.read(into, 100_000), 0);
        assert.equal(await file.read(into, 200_000), 0);
        await driver.putContent("/file", bytesOf(10, 2));
        await driver.delete("/file");
        await Promise.all(
          Array.from({ length: 20 }, async (_, index) => {
            const part = Buffer.alloc(500);
            assert.equal(await file.read(part, index * 4000), 500);
            assert.ok(part.equals(content.subarray(index * 4000, index * 4000 + 500)));
          }),
        );
      } finally {
        await file.close();
      }
      await fails(driver, "ERR_STORAGE", file.read(Buffer.alloc(1), 0));
    },
  },
  {
    title: "[server/Q30] a long stream comes back as it was",
    async run({ driver, streamBytes }) {
      const writer = await driver.writer("/long/stream");
      try {
        for await (const chunk of longStream(streamBytes)) await writer.write(chunk);
        assert.equal(writer.size, streamBytes);
        await writer.commit();
      } catch (error) {
        await writer.cancel();
        throw error;
      }
      assert.equal((await driver.stat("/long/stream")).size, streamBytes);
      assert.equal(await hashOf(await driver.reader("/long/stream")), await hashOf(longStream(streamBytes)));
    },
  },
];
