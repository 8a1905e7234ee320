import assert from "node:assert/strict";
import type { StorageDriver } from "../../driver.ts";
import type { DriverCase } from "../case.ts";
import { bytesOf, collect } from "../content.ts";
import { holds, missing } from "../expect.ts";

const OLD = Buffer.alloc(300_000, "o");
const NEW = Buffer.alloc(200_000, "n");

/** While `replace` puts the new bytes over the old ones, again and again, readers see one or the other. */
export async function seenWhole(driver: StorageDriver, replace: (content: Buffer, round: number) => Promise<void>): Promise<void> {
  await driver.putContent("/seen", OLD);
  let done = false;
  const read = async (): Promise<void> => {
    while (!done) {
      const content = await driver.getContent("/seen");
      const streamed = await collect(await driver.reader("/seen"));
      for (const seen of [content, streamed])
        assert.ok(seen.equals(OLD) || seen.equals(NEW), `a reader saw ${seen.byteLength} bytes that were never put there as a whole`);
      // lets drivers without I/O take turns
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const write = async (): Promise<void> => {
    try {
      for (let round = 0; round < 20; round += 1) await replace(round % 2 === 0 ? NEW : OLD, round);
    } finally {
      done = true;
    }
  };
  // a case that fails must not go on behind the back of the next
  const outcomes = await Promise.allSettled([write(), read(), read()]);
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
}

function roundTrip(title: string, path: string, content: Buffer): DriverCase {
  return {
    title: `[server/Q30] ${title} can be written and read, at once and as a stream`,
    async run({ driver }) {
      await driver.putContent(path, content);
      await holds(driver, path, content);
      assert.ok((await collect(await driver.reader(path))).equals(content));
      await driver.delete(path);
      const writer = await driver.writer(path);
      await writer.write(content);
      await writer.commit();
      await holds(driver, path, content);
      assert.ok((await collect(await driver.reader(path))).equals(content));
    },
  };
}

/** Whole files. */
export const contentCases: readonly DriverCase[] = [
  roundTrip("text", "/text", Buffer.from("one line\nanother line\n")),
  roundTrip("text that is not UTF-8", "/not-utf-8", Buffer.from([0x80, 0x80, 0x80, 0x80, 0xc0, 0xc1, 0xff])),
  roundTrip("zero bytes", "/empty", Buffer.alloc(0)),
  roundTrip("one KiB of random bytes", "/random", bytesOf(1024)),
  roundTrip("a deep path", "/a/b/c/d/e/f/g", bytesOf(1024, 2)),
  roundTrip("content longer than a read of most drivers", "/long", bytesOf(3 * 1024 * 1024 + 17, 3)),
  {
    title: "[server/Q30] a shorter content leaves nothing of the longer one",
    async run({ driver }) {
      await driver.putContent("/file", bytesOf(1000));
      await driver.putContent("/file", bytesOf(10, 2));
      await holds(driver, "/file", bytesOf(10, 2));
      const writer = await driver.writer("/file");
      await writer.write(bytesOf(5, 3));
      await writer.commit();
      await holds(driver, "/file", bytesOf(5, 3));
    },
  },
  {
    title: "[server/Q31] a path can be written many times",
    async run({ driver }) {
      for (let round = 0; round < 32; round += 1) {
        await driver.putContent("/often", bytesOf(64, round + 1));
        await holds(driver, "/often", bytesOf(64, round + 1));
      }
    },
  },
  {
    title: "what is stored does not change with the buffers of the caller",
    async run({ driver }) {
      const given = Buffer.from("given");
      await driver.putContent("/file", given);
      given.fill(0);
      (await driver.getContent("/file")).fill(1);
      await holds(driver, "/file", Buffer.from("given"));
    },
  },
  {
    title: "[server/Q4] putContent is atomic: readers see old or new, whole",
    run: ({ driver }) => seenWhole(driver, (content) => driver.putContent("/seen", content)),
  },
  {
    title: "copy is atomic: readers see old or new, whole",
    run: ({ driver }) =>
      seenWhole(driver, async (content) => {
        await driver.putContent("/source", content);
        await driver.copy("/source", "/seen");
      }),
  },
  {
    title: "move is atomic: readers see old or new, whole",
    run: ({ driver }) =>
      seenWhole(driver, async (content) => {
        await driver.putContent("/source", content);
        await driver.move("/source", "/seen");
      }),
  },
  {
    title: "commit is atomic: readers see old or new, whole",
    capability: "hiddenUntilCommit",
    run: ({ driver }) =>
      seenWhole(driver, async (content, round) => {
        const writer = await driver.writer("/seen");
        await writer.write(content.subarray(0, 1000 + round));
        const seen = await driver.getContent("/seen");
        assert.ok(seen.equals(OLD) || seen.equals(NEW), "an unfinished write was seen");
        await writer.write(content.subarray(1000 + round));
        await writer.commit();
      }),
  },
  {
    title: "many writers of one path leave the content of one of them",
    async run({ driver }) {
      const contents = Array.from({ length: 10 }, (_, index) => bytesOf(50_000 + index, index + 1));
      await Promise.all(contents.map((content) => driver.putContent("/file", content)));
      const last = await driver.getContent("/file");
      assert.ok(contents.some((content) => content.equals(last)));
    },
  },
  {
    title: "[server/Q31] ten readers at once get the same",
    async run({ driver }) {
      const content = bytesOf(1024 * 1024, 9);
      await driver.putContent("/file", content);
      await Promise.all(
        Array.from({ length: 10 }, async (_, index) => {
          const offset = index * 1000;
          assert.ok((await collect(await driver.reader("/file", { offset }))).equals(content.subarray(offset)));
        }),
      );
    },
  },
  {
    title: "[server/Q31] a redirect address gives the content for GET and HEAD when it is offered",
    async run({ driver }) {
      await driver.putContent("/file", bytesOf(2048));
      const get = await driver.redirectUrl("/file", { method: "GET" });
      if (get === undefined) return;
      const response = await fetch(get);
      assert.equal(response.status, 200);
      assert.ok(Buffer.from(await response.arrayBuffer()).equals(bytesOf(2048)));
      const head = await driver.redirectUrl("/file", { method: "HEAD" });
      assert.ok(head !== undefined);
      const headResponse = await fetch(head, { method: "HEAD" });
      assert.equal(headResponse.status, 200);
      assert.equal(headResponse.headers.get("content-length"), "2048");
    },
  },
  {
    title: "a file that failed to be found is not made by looking for it",
    async run({ driver }) {
      await missing(driver, "/nothing/here");
      assert.deepEqual(await driver.list("/"), []);
    },
  },
];
