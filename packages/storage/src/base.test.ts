import assert from "node:assert/strict";
import { expect, test } from "vitest";
import { withBase } from "./base.ts";
import type { StorageDriver } from "./driver.ts";
import { DriverError, PathNotFoundError } from "./errors.ts";
import { createMemoryDriver } from "./memory/index.ts";

/** A driver whose `getContent` does as told. */
function driverReading(getContent: StorageDriver["getContent"]): StorageDriver {
  const driver = createMemoryDriver();
  return new Proxy(driver, {
    get(target, key) {
      if (key === "getContent") return getContent;
      if (key === "name") return "mine";
      const value: unknown = Reflect.get(target, key);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

test("[server/Q3] unknown errors become driver errors that name the driver, the path and the cause", async () => {
  const cause = new Error("socket hang up");
  const driver = withBase(driverReading(() => Promise.reject(cause)));
  const error: unknown = await driver.getContent("/a").catch((reason: unknown) => reason);
  assert.ok(error instanceof DriverError);
  expect(error).toMatchObject({ code: "ERR_STORAGE", driver: "mine", path: "/a", cause, message: 'mine: Cannot read path "/a"' });
});

test("[server/Q3] a driver that throws before it returns a promise is no exception", async () => {
  const driver = withBase(
    driverReading(() => {
      throw new TypeError("broken");
    }),
  );
  await expect(driver.getContent("/a")).rejects.toMatchObject({ code: "ERR_STORAGE", driver: "mine" });
});

test("[server/Q3] errors of drivers pass as they are", async () => {
  const error = new PathNotFoundError({ driver: "mine", path: "/a" });
  await expect(withBase(driverReading(() => Promise.reject(error))).getContent("/a")).rejects.toBe(error);
});

test("[server/Q3] onAction is told the action, the time and the outcome of each call", async () => {
  const seen: string[] = [];
  const driver = createMemoryDriver({
    onAction(action, seconds, outcome) {
      assert.ok(seconds >= 0 && Number.isFinite(seconds));
      seen.push(`${action} ${outcome}`);
    },
  });
  await driver.putContent("/a", Buffer.from("a"));
  await driver.getContent("/a");
  (await driver.reader("/a")).destroy();
  await (await driver.writer("/w")).commit();
  await driver.stat("/a");
  await driver.list("/");
  await driver.copy("/a", "/b");
  await driver.move("/b", "/c");
  await driver.redirectUrl("/a", { method: "GET" });
  await (await driver.open?.("/a"))?.close();
  for await (const info of driver.walk("/")) assert.ok(info.path.length > 1);
  await driver.delete("/a");
  await driver.stat("/a").catch(() => undefined);
  await driver.getContent("a").catch(() => undefined);
  await driver.stat("/c", { signal: AbortSignal.abort() }).catch(() => undefined);
  expect(seen).toEqual([
    "PutContent ok",
    "GetContent ok",
    "Reader ok",
    "Writer ok",
    "Stat ok",
    "List ok",
    "Copy ok",
    "Move ok",
    "RedirectURL ok",
    "Open ok",
    "Walk ok",
    "Delete ok",
    "Stat ERR_PATH_NOT_FOUND",
    "GetContent ERR_INVALID_PATH",
    "Stat ERR_ABORTED",
  ]);
});

test("[server/Q6] maxThreads bounds the calls that run at once, and a waiting call can be aborted", async () => {
  const running: (() => void)[] = [];
  const driver = withBase(
    driverReading(() => new Promise((resolve) => running.push(() => resolve(Buffer.alloc(0))))),
    { maxThreads: 25 },
  );
  const calls = Array.from({ length: 26 }, () => driver.getContent("/a"));
  const controller = new AbortController();
  const aborted = driver.getContent("/a", { signal: controller.signal });
  expect(running).toHaveLength(25);
  const reason = new Error("no longer wanted");
  controller.abort(reason);
  await expect(aborted).rejects.toBe(reason);
  running.shift()?.();
  await calls[0];
  await expect.poll(() => running.length).toBe(25);
  for (const finish of running) finish();
  await Promise.all(calls);
});

test("open and removeLeftovers exist only where the driver has them", () => {
  const driver = withBase(driverReading(() => Promise.resolve(Buffer.alloc(0))));
  expect(driver.open).toBeTypeOf("function");
  expect(driver.removeLeftovers).toBeUndefined();
});
