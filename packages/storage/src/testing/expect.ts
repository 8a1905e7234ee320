import assert from "node:assert/strict";
import { BerthError } from "@berth/oci";
import type { FileInfo, StorageDriver } from "../driver.ts";

/** The promise rejects with a driver error of that code, which names the driver in its field and its message. */
export async function fails(driver: StorageDriver, code: string, call: Promise<unknown>): Promise<void> {
  const error: unknown = await call.then(
    () => assert.fail(`expected ${code}, but the call succeeded`),
    (reason: unknown) => reason,
  );
  assert.ok(BerthError.is(error), `expected ${code}, got ${String(error)}`);
  assert.equal(error.code, code);
  assert.ok(error.message.includes(driver.name), `the message "${error.message}" does not name the driver`);
  assert.ok("driver" in error && error.driver === driver.name, "the error has no field with the driver's name");
}

/** The path holds exactly these bytes. */
export async function holds(driver: StorageDriver, path: string, expected: Uint8Array): Promise<void> {
  const content = await driver.getContent(path);
  assert.ok(content.equals(expected), `${path} holds ${content.byteLength} bytes that differ from the ${expected.byteLength} expected`);
  assert.equal((await driver.stat(path)).size, expected.byteLength);
}

/** Reads a walk to its end. */
export async function walked(walk: AsyncIterable<FileInfo>): Promise<string[]> {
  const paths: string[] = [];
  for await (const { path } of walk) paths.push(path);
  return paths;
}

/** Nothing is at the path. */
export async function missing(driver: StorageDriver, path: string): Promise<void> {
  await fails(driver, "ERR_PATH_NOT_FOUND", driver.stat(path));
  await fails(driver, "ERR_PATH_NOT_FOUND", driver.getContent(path));
}
