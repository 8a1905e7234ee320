import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { StorageDriver } from "./driver.ts";
import { createFilesystemDriver } from "./filesystem/index.ts";
import { createMemoryDriver } from "./memory/index.ts";
import { BerthError } from "@berth/oci";

type Step = (driver: StorageDriver) => Promise<unknown>;

const path = fc.array(fc.constantFrom("a", "a-b", "a.b", "b"), { minLength: 1, maxLength: 3 }).map((names) => `/${names.join("/")}`);
const content = fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes));

async function listed(driver: StorageDriver, after: string): Promise<string[]> {
  const lines: string[] = [];
  for await (const info of driver.walk("/", { after })) lines.push(`${info.path} ${info.isDirectory ? "folder" : info.size}`);
  return lines;
}

const step: fc.Arbitrary<readonly [string, Step]> = fc.oneof(
  fc.tuple(path, content).map(([at, bytes]): [string, Step] => [`put ${at}`, (driver) => driver.putContent(at, bytes)]),
  fc.tuple(path, content).map(([at, bytes]): [string, Step] => [
    `write ${at}`,
    async (driver) => {
      const writer = await driver.writer(at);
      await writer.write([bytes, bytes]);
      await writer.commit();
    },
  ]),
  fc.tuple(path, fc.nat(30), content).map(([at, keep, bytes]): [string, Step] => [
    `resume ${at} ${keep}`,
    async (driver) => {
      const writer = await driver.writer(at, { keep: keep === 0 ? "all" : keep });
      await writer.write(bytes);
      await writer.commit();
    },
  ]),
  fc.tuple(path, path).map(([from, to]): [string, Step] => [`move ${from} ${to}`, (driver) => driver.move(from, to)]),
  fc.tuple(path, path).map(([from, to]): [string, Step] => [`copy ${from} ${to}`, (driver) => driver.copy(from, to)]),
  path.map((at): [string, Step] => [`delete ${at}`, (driver) => driver.delete(at)]),
  path.map((at): [string, Step] => [`get ${at}`, async (driver) => (await driver.getContent(at)).toString("hex")]),
  path.map((at): [string, Step] => [`list ${at}`, (driver) => driver.list(at)]),
  path.map((after): [string, Step] => [`walk after ${after}`, (driver) => listed(driver, after)]),
);

async function outcome(driver: StorageDriver, run: Step): Promise<unknown> {
  try {
    return await run(driver);
  } catch (error) {
    return BerthError.is(error) ? error.code : error;
  }
}

test("[server/Q11] the in-memory driver does what the filesystem driver does", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const rootDirectory = await mkdtemp(join(tmpdir(), "berth-drivers-"));
      try {
        const files = createFilesystemDriver({ rootDirectory });
        const memory = createMemoryDriver();
        for (const [title, run] of steps) expect(await outcome(memory, run), title).toEqual(await outcome(files, run));
        expect(await listed(memory, "")).toEqual(await listed(files, ""));
      } finally {
        await rm(rootDirectory, { recursive: true });
      }
    }),
    { numRuns: 60 },
  );
});
