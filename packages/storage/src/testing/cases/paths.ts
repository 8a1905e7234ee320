import assert from "node:assert/strict";
import type { StorageDriver } from "../../driver.ts";
import type { DriverCase } from "../case.ts";
import { bytesOf } from "../content.ts";
import { fails, holds, walked } from "../expect.ts";

const VALID = [
  "/a",
  "/2",
  "/aa",
  "/a.a",
  "/0-9/abcdefg",
  "/abcdefg/z.75",
  "/abc/1.2.3.4.5-6_zyx/123.z/4",
  "/docker/docker-registry",
  "/123.abc",
  "/abc./abc",
  "/.abc",
  "/a--b",
  "/a-.b",
  "/_.abc",
  "/Docker/docker-registry",
  "/Abc/Cba",
  "/...",
  "/a/..b",
  "/a/b..",
];

const INVALID = [
  "",
  "abc",
  "123.abc",
  "//bcd",
  "/abc_123/",
  "/a//b",
  "/a/",
  "a/b",
  "/ü",
  "/a b",
  "/a%2f",
  "/a\0",
  "/a\n",
  "/~a",
  "/a\\b",
  "/a:b",
  "/.",
  "/..",
  "/../a",
  "/a/..",
  "/a/../b",
  "/a/./b",
  "/a/.",
];

/** Every call that takes a path. */
function callsWith(driver: StorageDriver, path: string): readonly Promise<unknown>[] {
  return [
    driver.getContent(path),
    driver.putContent(path, bytesOf(1)),
    driver.reader(path),
    driver.writer(path),
    driver.stat(path),
    driver.list(path),
    driver.move(path, "/destination"),
    driver.copy(path, "/destination"),
    driver.delete(path),
    driver.redirectUrl(path, { method: "GET" }),
    walked(driver.walk(path)),
    ...(driver.open === undefined ? [] : [driver.open(path)]),
  ];
}

/** Which paths there may be. */
export const pathCases: readonly DriverCase[] = [
  {
    title: "[server/Q30] the root exists in an empty store",
    async run({ driver }) {
      assert.deepEqual(await driver.list("/"), []);
      const { path, size, isDirectory } = await driver.stat("/");
      assert.deepEqual({ path, size, isDirectory }, { path: "/", size: 0, isDirectory: true });
      assert.deepEqual(await walked(driver.walk("/")), []);
    },
  },
  {
    title: "[server/Q2,Q30] valid paths can be written and read",
    async run({ driver }) {
      for (const [index, path] of VALID.entries()) {
        const content = bytesOf(100, index + 1);
        await driver.putContent(path, content);
        await holds(driver, path, content);
        await driver.delete(path);
      }
    },
  },
  {
    title: "[server/Q2,Q30] invalid paths are refused by every call, and nothing is stored",
    async run({ driver }) {
      await driver.putContent("/kept", bytesOf(1));
      for (const path of INVALID) {
        await Promise.all(callsWith(driver, path).map((call) => fails(driver, "ERR_INVALID_PATH", call)));
        await fails(driver, "ERR_INVALID_PATH", driver.move("/kept", path));
        await fails(driver, "ERR_INVALID_PATH", driver.copy("/kept", path));
      }
      assert.deepEqual(await walked(driver.walk("/")), ["/kept"]);
    },
  },
  {
    title: "[server/Q2,Q30] only stat, list and walk take the root",
    async run({ driver }) {
      await driver.putContent("/kept", bytesOf(1));
      const calls = [
        driver.getContent("/"),
        driver.putContent("/", bytesOf(1)),
        driver.reader("/"),
        driver.writer("/"),
        driver.delete("/"),
        driver.move("/", "/a"),
        driver.move("/kept", "/"),
        driver.copy("/", "/a"),
        driver.copy("/kept", "/"),
        driver.redirectUrl("/", { method: "GET" }),
      ];
      await Promise.all(calls.map((call) => fails(driver, "ERR_INVALID_PATH", call)));
    },
  },
  {
    title: "[server/Q3,Q30] a missing path is told by every call",
    async run({ driver }) {
      const calls = [
        driver.getContent("/missing"),
        driver.reader("/missing"),
        driver.writer("/missing", { keep: "all" }),
        driver.writer("/missing", { keep: 1 }),
        driver.stat("/missing"),
        driver.move("/missing", "/destination"),
        driver.copy("/missing", "/destination"),
        driver.delete("/missing"),
        driver.delete("/missing/below"),
        walked(driver.walk("/missing")),
        ...(driver.open === undefined ? [] : [driver.open("/missing")]),
      ];
      await Promise.all(calls.map((call) => fails(driver, "ERR_PATH_NOT_FOUND", call)));
    },
  },
  {
    title: "[server/Q4] list of a missing path is an error",
    capability: "listMissing",
    async run({ driver }) {
      await fails(driver, "ERR_PATH_NOT_FOUND", driver.list("/missing"));
    },
  },
  {
    title: "a folder has no content",
    async run({ driver }) {
      await driver.putContent("/folder/file", bytesOf(1));
      const calls = [
        driver.getContent("/folder"),
        driver.reader("/folder"),
        driver.copy("/folder", "/destination"),
        ...(driver.open === undefined ? [] : [driver.open("/folder")]),
      ];
      await Promise.all(calls.map((call) => fails(driver, "ERR_PATH_NOT_FOUND", call)));
      assert.deepEqual(await walked(driver.walk("/")), ["/folder", "/folder/file"]);
    },
  },
  {
    title: "a signal that was aborted ends every call with its own reason",
    async run({ driver }) {
      await driver.putContent("/kept", bytesOf(1));
      const reason = new Error("no longer wanted");
      const options = { signal: AbortSignal.abort(reason) };
      const calls = [
        driver.getContent("/kept", options),
        driver.putContent("/kept", bytesOf(2), options),
        driver.reader("/kept", options),
        driver.writer("/kept", options),
        driver.stat("/kept", options),
        driver.list("/", options),
        driver.move("/kept", "/b", options),
        driver.copy("/kept", "/b", options),
        driver.delete("/kept", options),
        driver.redirectUrl("/kept", { method: "GET" }, options),
        walked(driver.walk("/", options)),
      ];
      const outcomes = await Promise.allSettled(calls);
      assert.deepEqual(
        outcomes.filter((outcome) => outcome.status === "fulfilled" || outcome.reason !== reason),
        [],
      );
      await holds(driver, "/kept", bytesOf(1));
    },
  },
];
