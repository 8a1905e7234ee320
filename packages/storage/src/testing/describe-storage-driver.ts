import assert from "node:assert/strict";
import type { StorageDriver } from "../driver.ts";
import { contentCases } from "./cases/content.ts";
import { pathCases } from "./cases/paths.ts";
import { readerCases } from "./cases/reader.ts";
import { transferCases } from "./cases/transfer.ts";
import { treeCases } from "./cases/tree.ts";
import { writerCases } from "./cases/writer.ts";
import type { DriverCapability, DriverCase } from "./case.ts";
import { walked } from "./expect.ts";

/** A driver on an empty store, for one case. */
export interface DriverSubject {
  readonly driver: StorageDriver;
  /** Names what lies in the store, or is held open, and cannot be reached through the driver: files beside the listed ones, unfinished uploads. Must be none after each case. */
  readonly strays?: () => Promise<readonly string[]>;
  /** Removes the store. */
  readonly dispose?: () => Promise<void>;
}

/** The functions of a test framework, such as those of Vitest or `node:test`. */
export interface TestFramework {
  /** Puts the tests that `body` declares under a name. */
  describe(name: string, body: () => void): unknown;
  /** Declares a test, which fails when `body` rejects. */
  test(name: string, body: () => Promise<void>): unknown;
}

/** Options of {@link describeStorageDriver}. */
export interface DescribeStorageDriverOptions extends Pick<TestFramework, "describe" | "test"> {
  /** Makes a driver on an empty store; called for each case. */
  readonly create: () => StorageDriver | DriverSubject | Promise<StorageDriver | DriverSubject>;
  /** What the driver cannot do, and why. Each is tested to be really missing. */
  readonly without?: Readonly<Partial<Record<DriverCapability, string>>>;
  /** Bytes of the long stream. Default: the environment variable BERTH_STORAGE_STREAM_BYTES, else 64 MiB. The reference registry uses 5 GiB. */
  readonly streamBytes?: number;
}

/** All that the contract asks, for those who want to run it by themselves. */
export const storageDriverCases: readonly DriverCase[] = [
  ...pathCases,
  ...contentCases,
  ...readerCases,
  ...writerCases,
  ...treeCases,
  ...transferCases,
];

/**
 * Tests that a driver keeps the contract of {@link StorageDriver}.
 *
 * ```ts
 * import { describeStorageDriver } from "@berth/storage/testing";
 * import { describe, test } from "vitest"; // or from "node:test"
 *
 * describeStorageDriver("mine", { describe, test, create: () => createMyDriver() });
 * ```
 */
export function describeStorageDriver(name: string, options: DescribeStorageDriverOptions): void {
  const { describe, test, create, without = {} } = options;
  const streamBytes = options.streamBytes ?? Number(process.env["BERTH_STORAGE_STREAM_BYTES"] ?? 64 * 1024 * 1024);
  describe(`storage driver "${name}"`, () => {
    for (const driverCase of storageDriverCases) {
      const reason = driverCase.capability === undefined ? undefined : without[driverCase.capability];
      const run = async (): Promise<void> => runDriverCase(driverCase, await create(), streamBytes);
      if (reason === undefined) test(driverCase.title, run);
      else
        test(`${driverCase.title} (declared as missing: ${reason})`, () =>
          assert.rejects(run(), () => true, "the driver can do this: it need not be declared as missing"));
    }
  });
}

/** Runs one case, empties the store through the driver, and fails if something is left behind. */
export async function runDriverCase(
  driverCase: DriverCase,
  subject: StorageDriver | DriverSubject,
  streamBytes: number = 1024 * 1024,
): Promise<void> {
  const { driver, strays, dispose }: DriverSubject = "driver" in subject ? subject : { driver: subject };
  try {
    await driverCase.run({ driver, streamBytes });
    assert.deepEqual((await strays?.()) ?? [], [], "the case left something that the driver does not list");
    for (const path of await driver.list("/")) await driver.delete(path);
    assert.deepEqual(await walked(driver.walk("/")), [], "something is left after all was deleted");
    assert.deepEqual((await strays?.()) ?? [], [], "something that the driver does not list is left after all was deleted");
  } finally {
    await driver.close?.();
    await dispose?.();
  }
}
