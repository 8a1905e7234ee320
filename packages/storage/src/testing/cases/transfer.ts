import assert from "node:assert/strict";
import type { DriverCase } from "../case.ts";
import { bytesOf } from "../content.ts";
import { fails, holds, missing, walked } from "../expect.ts";

/** Moves and copies. */
export const transferCases: readonly DriverCase[] = [
  {
    title: "[server/Q31] move takes the content to another path",
    async run({ driver }) {
      await driver.putContent("/from/file", bytesOf(100));
      await driver.move("/from/file", "/to/another/file");
      await holds(driver, "/to/another/file", bytesOf(100));
      await missing(driver, "/from/file");
    },
  },
  {
    title: "[server/Q4,Q31] move replaces what is at the destination",
    async run({ driver }) {
      await driver.putContent("/from", bytesOf(100));
      await driver.putContent("/to", bytesOf(200, 2));
      await driver.move("/from", "/to");
      await holds(driver, "/to", bytesOf(100));
      await missing(driver, "/from");
    },
  },
  {
    title: "[server/Q31] move of a missing path keeps the destination",
    async run({ driver }) {
      await driver.putContent("/to", bytesOf(100));
      await fails(driver, "ERR_PATH_NOT_FOUND", driver.move("/from", "/to"));
      await fails(driver, "ERR_PATH_NOT_FOUND", driver.move("/from/deep", "/to"));
      await holds(driver, "/to", bytesOf(100));
    },
  },
  {
    title: "move onto itself changes nothing",
    async run({ driver }) {
      await driver.putContent("/file", bytesOf(100));
      await driver.move("/file", "/file");
      await driver.copy("/file", "/file");
      await holds(driver, "/file", bytesOf(100));
      assert.deepEqual(await driver.list("/"), ["/file"]);
    },
  },
  {
    title: "move takes a file onto its own copy",
    async run({ driver }) {
      await driver.putContent("/from", bytesOf(100));
      await driver.copy("/from", "/to");
      await driver.move("/from", "/to");
      await holds(driver, "/to", bytesOf(100));
      assert.deepEqual(await driver.list("/"), ["/to"]);
    },
  },
  {
    title: "move takes a folder with all in it, over what is at the destination",
    capability: "moveFolders",
    async run({ driver }) {
      await driver.putContent("/from/a/1", bytesOf(1));
      await driver.putContent("/from/2", bytesOf(2));
      await driver.putContent("/to/old/3", bytesOf(3));
      await driver.putContent("/file", bytesOf(4));
      await driver.move("/from", "/to");
      assert.deepEqual(await walked(driver.walk("/")), ["/file", "/to", "/to/2", "/to/a", "/to/a/1"]);
      await holds(driver, "/to/a/1", bytesOf(1));
      await driver.move("/to", "/file");
      assert.deepEqual(await walked(driver.walk("/")), ["/file", "/file/2", "/file/a", "/file/a/1"]);
      await driver.putContent("/single", bytesOf(5));
      await driver.move("/single", "/file/a");
      assert.deepEqual(await walked(driver.walk("/")), ["/file", "/file/2", "/file/a"]);
    },
  },
  {
    title: "move of a folder into itself is refused and loses nothing",
    capability: "moveFolders",
    async run({ driver }) {
      await driver.putContent("/a/b/c", bytesOf(1));
      await fails(driver, "ERR_STORAGE", driver.move("/a", "/a/b/d"));
      await fails(driver, "ERR_STORAGE", driver.move("/a/b", "/a"));
      await holds(driver, "/a/b/c", bytesOf(1));
    },
  },
  {
    title: "copy puts the content at a second path as well",
    async run({ driver }) {
      await driver.putContent("/from/file", bytesOf(1000));
      await driver.copy("/from/file", "/to/another/file");
      await holds(driver, "/from/file", bytesOf(1000));
      await holds(driver, "/to/another/file", bytesOf(1000));
    },
  },
  {
    title: "copy replaces what is at the destination, also its own earlier copy",
    async run({ driver }) {
      await driver.putContent("/from", bytesOf(1000));
      await driver.putContent("/to", bytesOf(2000, 2));
      await driver.copy("/from", "/to");
      await driver.copy("/from", "/to");
      await holds(driver, "/to", bytesOf(1000));
      await fails(driver, "ERR_PATH_NOT_FOUND", driver.copy("/missing", "/to"));
      await holds(driver, "/to", bytesOf(1000));
    },
  },
  {
    title: "a copy keeps its content whatever is done to the source, and the other way round",
    async run({ driver }) {
      const content = bytesOf(1000);
      const changes: readonly (() => Promise<void>)[] = [
        () => driver.putContent("/a", bytesOf(10, 2)),
        async () => (await driver.writer("/a")).commit(),
        () => driver.delete("/a"),
        () => driver.move("/a", "/elsewhere"),
      ];
      for (const change of changes) {
        for (const other of ["/from", "/to"]) {
          const [from, to] = other === "/to" ? ["/a", "/to"] : ["/from", "/a"];
          await driver.putContent(from, content);
          await driver.copy(from, to);
          await change();
          await holds(driver, other, content);
          await driver.delete(other);
          await driver.delete("/a").catch(() => undefined); // two of the changes removed it
        }
      }
    },
  },
  {
    title: "a copy keeps its content when a write goes on at the source",
    capability: "resumeCommitted",
    async run({ driver }) {
      for (const keep of ["all", 500, 1] as const) {
        await driver.putContent("/from", bytesOf(1000));
        await driver.copy("/from", "/to");
        const writer = await driver.writer("/from", { keep });
        await writer.write(bytesOf(100, 2));
        await writer.commit();
        await holds(driver, "/to", bytesOf(1000));
        const kept = bytesOf(1000).subarray(0, keep === "all" ? 1000 : keep);
        await holds(driver, "/from", Buffer.concat([kept, bytesOf(100, 2)]));
      }
    },
  },
  {
    title: "copies to one path at the same time all succeed",
    async run({ driver }) {
      const contents = [1, 2, 3, 4, 5].map((seed) => bytesOf(10_000, seed));
      await Promise.all(contents.map((content, index) => driver.putContent(`/from/${index}`, content)));
      await Promise.all(contents.map((_, index) => driver.copy(`/from/${index}`, "/to/file")));
      const last = await driver.getContent("/to/file");
      assert.ok(contents.some((content) => content.equals(last)));
      assert.deepEqual(await driver.list("/to"), ["/to/file"]);
    },
  },
];
