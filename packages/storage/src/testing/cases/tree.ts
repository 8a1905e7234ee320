import assert from "node:assert/strict";
import type { DriverCase } from "../case.ts";
import { bytesOf } from "../content.ts";
import { fails, holds, missing, walked } from "../expect.ts";

/** Clocks of a store and of this machine may differ by this much. */
const CLOCK_SKEW_MS = 60_000;

/** Lists, stats, deletes. */
export const treeCases: readonly DriverCase[] = [
  {
    title: "[server/Q31] list gives the direct children only, as full paths, sorted by bytes",
    async run({ driver }) {
      const names = ["b", "a", "a-b", "a.b", "a0", "B", "_", "10", "9"];
      for (const name of names) await driver.putContent(`/folder/${name}`, bytesOf(1));
      await driver.putContent("/folder/nested/deep/file", bytesOf(1));
      const expected = ["10", "9", "B", "_", "a", "a-b", "a.b", "a0", "b", "nested"].map((name) => `/folder/${name}`);
      assert.deepEqual(await driver.list("/folder"), expected);
      assert.deepEqual(await driver.list("/"), ["/folder"]);
      assert.deepEqual(await driver.list("/folder/nested"), ["/folder/nested/deep"]);
    },
  },
  {
    title: "[server/Q31] list is whole for a thousand children",
    async run({ driver }) {
      const paths = Array.from({ length: 1001 }, (_, index) => `/folder/${index}`).sort();
      for (let start = 0; start < paths.length; start += 50) {
        await Promise.all(paths.slice(start, start + 50).map((path) => driver.putContent(path, bytesOf(1))));
      }
      assert.deepEqual(await driver.list("/folder"), paths);
    },
  },
  {
    title: "[server/Q31] stat tells size, time and kind",
    async run({ driver }) {
      const before = Date.now();
      await driver.putContent("/folder/file", bytesOf(1234));
      const after = Date.now();
      const file = await driver.stat("/folder/file");
      assert.equal(file.path, "/folder/file");
      assert.equal(file.size, 1234);
      assert.equal(file.isDirectory, false);
      assert.ok(file.modifiedAt.getTime() >= before - CLOCK_SKEW_MS && file.modifiedAt.getTime() <= after + CLOCK_SKEW_MS);
      const folder = await driver.stat("/folder");
      assert.deepEqual([folder.path, folder.size, folder.isDirectory], ["/folder", 0, true]);
      assert.ok(folder.modifiedAt instanceof Date);
      await driver.putContent("/folder/file", bytesOf(2));
      assert.equal((await driver.stat("/folder/file")).size, 2);
      assert.ok((await driver.stat("/folder/file")).modifiedAt >= file.modifiedAt);
    },
  },
  {
    title: "[server/Q31] delete removes a file and nothing else",
    async run({ driver }) {
      await driver.putContent("/a", bytesOf(1));
      await driver.putContent("/ab", bytesOf(2));
      await driver.delete("/a");
      await missing(driver, "/a");
      await holds(driver, "/ab", bytesOf(2));
      await fails(driver, "ERR_PATH_NOT_FOUND", driver.delete("/a"));
    },
  },
  {
    title: "[server/Q4,Q31] delete of a folder removes all in it, and nothing beside it",
    async run({ driver }) {
      const inside = ["/x/a/1", "/x/a/b/2", "/x/a/b/c/3"];
      const beside = ["/x/a-1", "/x/a.1", "/x/ab", "/x/a0/1"];
      for (const path of [...inside, ...beside]) await driver.putContent(path, bytesOf(1));
      await driver.delete("/x/a");
      for (const path of [...inside, "/x/a"]) await missing(driver, path);
      assert.deepEqual(await driver.list("/x"), ["/x/a-1", "/x/a.1", "/x/a0", "/x/ab"]);
    },
  },
  {
    title: "a folder exists while something is in it",
    async run({ driver }) {
      await driver.putContent("/a/b/c/1", bytesOf(1));
      await driver.putContent("/a/2", bytesOf(1));
      await driver.delete("/a/b/c/1");
      for (const path of ["/a/b/c", "/a/b"]) await fails(driver, "ERR_PATH_NOT_FOUND", driver.stat(path));
      assert.deepEqual(await driver.list("/a"), ["/a/2"]);
      await driver.move("/a/2", "/3");
      await fails(driver, "ERR_PATH_NOT_FOUND", driver.stat("/a"));
      assert.deepEqual(await driver.list("/"), ["/3"]);
      // and the name is free again
      await driver.putContent("/a", bytesOf(1));
      await holds(driver, "/a", bytesOf(1));
    },
  },
  {
    title: "a write is not lost when its folder empties at the same time",
    async run({ driver }) {
      for (let round = 0; round < 40; round += 1) {
        await driver.putContent("/a/b/old", bytesOf(1));
        const streamed = async (): Promise<void> => {
          const writer = await driver.writer("/a/b/streamed");
          await writer.write(bytesOf(3));
          await writer.commit();
        };
        await Promise.all([driver.delete("/a/b/old"), driver.putContent("/a/b/new", bytesOf(2)), streamed()]);
        await holds(driver, "/a/b/new", bytesOf(2));
        await holds(driver, "/a/b/streamed", bytesOf(3));
        const copied = driver.copy("/a/b/new", "/c/d/copied");
        await Promise.all([copied, driver.putContent("/c/d/old", bytesOf(1)).then(() => driver.delete("/c/d/old"))]);
        await holds(driver, "/c/d/copied", bytesOf(2));
        await Promise.all([driver.delete("/a/b"), driver.delete("/c/d/copied")]);
      }
      assert.deepEqual(await driver.list("/"), []);
    },
  },
  {
    title: "[server/Q4] walk is in byte order of the paths, parents before children",
    async run({ driver }) {
      const files = ["/w/a/c", "/w/a-b", "/w/a.b", "/w/a0", "/w/a/c-d/e", "/w/a/b", "/w/B/x/y/z"];
      for (const path of files) await driver.putContent(path, bytesOf(3));
      const expected = [...files, "/w/a", "/w/a/c-d", "/w/B", "/w/B/x", "/w/B/x/y"].sort();
      assert.deepEqual(await walked(driver.walk("/w")), expected);
      assert.deepEqual(await walked(driver.walk("/")), ["/w", ...expected]);
      for await (const info of driver.walk("/w")) {
        const { path, size, isDirectory } = await driver.stat(info.path);
        assert.deepEqual({ path: info.path, size: info.size, isDirectory: info.isDirectory }, { path, size, isDirectory });
        assert.equal(size, files.includes(path) ? 3 : 0);
      }
    },
  },
  {
    title: "[server/Q1] walk goes on after any path",
    async run({ driver }) {
      for (const path of ["/w/a/c", "/w/a-b", "/w/a0", "/w/b/x/y", "/w/c"]) await driver.putContent(path, bytesOf(1));
      const all = await walked(driver.walk("/w"));
      for (const after of [...all, "/w/a/", "/w/a/bb", "/w/b/x/z", "/w/zz", "/"]) {
        assert.deepEqual(
          await walked(driver.walk("/w", { after })),
          all.filter((path) => path > after),
          `after ${after}`,
        );
      }
    },
  },
  {
    title: "[server/Q1] walk stays out of folders that it is not to enter",
    async run({ driver }) {
      for (const path of ["/w/a/1/2", "/w/b/1/2", "/w/c"]) await driver.putContent(path, bytesOf(1));
      const asked: string[] = [];
      const enter = ({ path }: { readonly path: string }): boolean => {
        asked.push(path);
        return path !== "/w/a";
      };
      assert.deepEqual(await walked(driver.walk("/w", { enter })), ["/w/a", "/w/b", "/w/b/1", "/w/b/1/2", "/w/c"]);
      assert.deepEqual(asked, ["/w/a", "/w/b", "/w/b/1"]);
    },
  },
  {
    title: "walk bears with files that come and go under it",
    async run({ driver }) {
      for (let index = 0; index < 100; index += 1) await driver.putContent(`/w/${index % 10}/${index}`, bytesOf(1));
      const seen: string[] = [];
      for await (const { path, isDirectory } of driver.walk("/w")) {
        seen.push(path);
        if (isDirectory && path !== "/w/0") await driver.delete(path);
      }
      assert.equal(seen.filter((path) => path.startsWith("/w/0/")).length, 10);
      assert.deepEqual(await driver.list("/w"), ["/w/0"]);
    },
  },
];
