import { Readable } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import { LimitExceededError } from "@berth/oci";
import { expect, onTestFinished, test, vi } from "vitest";
import { drain } from "./drain.ts";
import { readBounded, readStart } from "./read-bounded.ts";
import { failureOfCall, fakeRequest } from "./testing/fake-transport.test-kit.ts";

function body(...sizes: readonly number[]): Readable {
  return Readable.from(
    sizes.map((size) => Buffer.alloc(size, "x")),
    { objectMode: false },
  );
}

test("drain() reads a short rest to its end and cuts a long one off; neither fails", async () => {
  const short = body(1000, 2000);
  const long = Readable.from(endless(), { objectMode: false });
  const broken = new Readable({ read: () => void broken.destroy(new Error("cut")) });
  for (const stream of [short, long, broken]) await drain({ body: stream });
  await drain({ body: short });
  expect([short.readableEnded, long.destroyed]).toEqual([true, true]);
});

async function* endless(): AsyncGenerator<Buffer> {
  for (;;) yield Buffer.alloc(16_384);
}

test("[client/N-10] readBounded() takes what arrives up to the limit, whatever was promised, and closes the stream beyond", async () => {
  expect((await readBounded({ body: body(5, 5) }, 10)).byteLength).toBe(10);
  expect((await readBounded(body(3), 3)).byteLength).toBe(3);
  const long = Readable.from(endless(), { objectMode: false });
  const error = await failureOfCall(readBounded(long, 100_000, "manifest"));
  expect(error).toBeInstanceOf(LimitExceededError);
  expect(error).toMatchObject({ message: "Cannot accept manifest of more than 100000 bytes: the limit is 100000" });
  expect(long.destroyed).toBe(true);
});

test("[client/A-13] what does not come is not waited for: a rest 2 s, an explanation 30 s", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  const stalled = new Readable({ read: () => undefined });
  const draining = drain({ body: stalled });
  vi.advanceTimersByTime(1999);
  expect(stalled.destroyed).toBe(false);
  vi.advanceTimersByTime(1);
  await draining;
  const half = new Readable({ read: () => undefined });
  half.push("half");
  const starting = readStart(half, 10);
  vi.advanceTimersByTime(29_999);
  expect(half.destroyed).toBe(false);
  vi.advanceTimersByTime(1);
  expect((await starting).bytes.toString()).toBe("half");
  await drain({ body: body(1000) });
  await readStart(body(1000), 10);
  expect(vi.getTimerCount()).toBe(0);
});

test("[client/N-8] an answer that is read whole has 5 minutes, or what it is given, however it trickles", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  const request = fakeRequest("https://r.test/v2/a/tags/list", { operation: "list tags" });
  for (const [timeoutMs, minutes] of [
    [undefined, 5],
    [60_000, 1],
  ] as const) {
    const trickle = new Readable({ read: () => undefined });
    const reading = failureOfCall(
      readBounded({ body: trickle, request, headers: { "content-length": "100" } }, 100, "list", "x", timeoutMs),
    );
    for (let minute = 0; minute < minutes; minute++) {
      expect(trickle.destroyed).toBe(false);
      trickle.push("x");
      await turn();
      vi.advanceTimersByTime(60_000);
    }
    expect(await reading).toMatchObject({
      code: "ERR_NETWORK",
      message: `Cannot list tags: the answer from "r.test" broke off: it took more than ${minutes * 60} s: expected 100 bytes, got ${minutes}`,
    });
  }
  await readBounded({ body: body(10) }, 10);
  await failureOfCall(readBounded({ body: body(10) }, 5));
  void failureOfCall(readBounded({ body: new Readable({ read: () => undefined }), request }, 5, "list", "x", 0));
  expect(vi.getTimerCount()).toBe(0);
});

test("readStart() keeps the start, says whether there was more, and survives a body that breaks", async () => {
  const short = await readStart(body(3, 4), 10);
  expect([short.bytes.byteLength, short.truncated]).toEqual([7, false]);
  const exact = await readStart(body(10), 10);
  expect([exact.bytes.byteLength, exact.truncated]).toEqual([10, false]);
  const rest = body(8, 8, 8);
  const cut = await readStart(rest, 10);
  expect([cut.bytes.byteLength, cut.truncated, rest.readableEnded]).toEqual([10, true, true]);
  const chunks = [Buffer.from("abc")];
  const broken = new Readable({
    read() {
      const chunk = chunks.shift();
      if (chunk === undefined) this.destroy(new Error("cut"));
      else this.push(chunk);
    },
  });
  expect((await readStart(broken, 10)).bytes.toString()).toBe("abc");
});
