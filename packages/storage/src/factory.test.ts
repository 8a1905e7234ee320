import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createDriverFactory, standardDrivers } from "./factory.ts";
import { createMemoryDriver } from "./memory/index.ts";

test("[server/Q6] an unknown driver is named, with those that are known", async () => {
  const factory = createDriverFactory(standardDrivers);
  await expect(factory.create("s4")).rejects.toMatchObject({
    code: "ERR_INVALID_STORAGE_DRIVER",
    driver: "s4",
    message: 'Cannot find storage driver "s4": known are "filesystem", "inmemory"',
  });
  await expect(createDriverFactory().create("constructor")).rejects.toMatchObject({ code: "ERR_INVALID_STORAGE_DRIVER" });
});

test("[server/Q6] registering a name twice throws, and keeps the first", async () => {
  const factory = createDriverFactory();
  factory.register("mine", () => createMemoryDriver());
  expect(() => factory.register("mine", () => Promise.reject(new Error("second")))).toThrow('"mine"');
  expect((await factory.create("mine")).name).toBe("inmemory");
  expect(factory.names).toEqual(["mine"]);
});

test("[server/Q10] filesystem takes rootdirectory and maxthreads, as text too, and offers no redirect", async () => {
  const root = await mkdtemp(join(tmpdir(), "berth-factory-"));
  try {
    const driver = await createDriverFactory(standardDrivers).create("filesystem", { rootdirectory: root, maxthreads: "50" });
    await driver.putContent("/a", Buffer.from("a"));
    expect(await readdir(root)).toEqual(["a", "~tmp"]);
    expect(await driver.redirectUrl("/a", { method: "GET" })).toBeUndefined();
  } finally {
    await rm(root, { recursive: true });
  }
});

test("[server/Q7,Q10] a bad parameter is an error that names its key", async () => {
  const factory = createDriverFactory(standardDrivers);
  await expect(factory.create("filesystem", { maxthreads: "many" })).rejects.toMatchObject({
    code: "ERR_INVALID_PARAMETER",
    key: "maxthreads",
  });
  await expect(factory.create("filesystem", { rootdirectory: { path: "/x" } })).rejects.toMatchObject({ key: "rootdirectory" });
});

test("[server/Q11] inmemory takes no parameters, and each is a store of its own", async () => {
  const factory = createDriverFactory(standardDrivers);
  const first = await factory.create("inmemory");
  await first.putContent("/a", Buffer.from("a"));
  expect(await (await factory.create("inmemory", { unknown: 1 })).list("/")).toEqual([]);
});
