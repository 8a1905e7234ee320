import { AuthError, NetworkError, ResponseError } from "@berth/client";
import { DigestMismatchError, NotFoundError } from "@berth/oci";
import { expect, test } from "vitest";
import { settled, TestClock, TestJobs } from "./manager.test-kit.ts";
import { createTransferManager } from "./transfer-manager.ts";
import type { TransferState } from "./transfer.ts";

const request = { operation: "fetch blob", method: "GET", url: "https://one.test/v2/a/blobs/b" };
const cut = (): NetworkError => new NetworkError("Cannot fetch blob: cut", { ...request, retryable: true });
const answer = (status: number, more: object = {}): ResponseError =>
  new ResponseError(`Cannot fetch blob: ${status}`, {
    ...request,
    status,
    errors: [],
    retryable: status === 429 || status === 503,
    ...more,
  });

test("[engine/T8] the same key runs once, for all who ask", async () => {
  const jobs = new TestJobs();
  const manager = createTransferManager();
  const all = Array.from({ length: 20 }, () => manager.transfer(jobs.make("blob")));
  await settled();
  expect(jobs.started).toEqual(["blob"]);
  jobs.finish("blob", "mounted");
  expect(new Set(await Promise.all(all))).toEqual(new Set(["mounted"]));
  const again = manager.transfer(jobs.make("blob"));
  await settled();
  expect(jobs.started).toEqual(["blob", "blob"]);
  jobs.finish("blob");
  expect(await again).toBe("transferred");
});

test("[engine/T8] who leaves does not end a transfer that others wait for; the last one does", async () => {
  const jobs = new TestJobs();
  const manager = createTransferManager();
  const controllers = Array.from({ length: 20 }, () => new AbortController());
  const all = controllers.map(({ signal }) => manager.transfer(jobs.make("blob"), { signal }));
  const ends = all.map((one) => one.catch((error: unknown) => error));
  await settled();
  const reason = new Error("enough");
  for (const one of controllers.slice(1)) one.abort(reason);
  expect(await Promise.all(ends.slice(1))).toEqual(Array.from({ length: 19 }, () => reason));
  expect(jobs.aborted).toEqual([]);
  controllers[0]?.abort(reason);
  expect(await ends[0]).toBe(reason);
  expect(jobs.aborted).toEqual(["blob"]);
});

test("[engine/T8] a transfer that everybody left is waited for, then begun anew", async () => {
  const end = Promise.withResolvers<void>();
  const order: string[] = [];
  const manager = createTransferManager();
  const run = async (name: string, signal: AbortSignal): Promise<"transferred"> => {
    order.push(`${name} starts`);
    await end.promise;
    order.push(`${name} ends`);
    signal.throwIfAborted();
    return "transferred";
  };
  const controller = new AbortController();
  const first = manager.transfer({ key: "k", directions: [], run: ({ signal }) => run("first", signal) }, { signal: controller.signal });
  await settled();
  controller.abort(new Error("enough"));
  const left = first.catch((error: unknown) => error).finally(() => order.push("who left is let go"));
  const second = manager.transfer({ key: "k", directions: [], run: ({ signal }) => run("second", signal) });
  await settled();
  expect(order).toEqual(["first starts"]);
  end.resolve();
  expect(await left).toMatchObject({ message: "enough" });
  expect(await second).toBe("transferred");
  expect(order.toSorted()).toEqual(["first ends", "first starts", "second ends", "second starts", "who left is let go"]);
  expect(order.indexOf("first ends")).toBeLessThan(Math.min(order.indexOf("second starts"), order.indexOf("who left is let go")));
});

test("[engine/T8] who comes late is told first how the transfer stands", async () => {
  const jobs = new TestJobs();
  const manager = createTransferManager();
  const first = manager.transfer(jobs.make("blob"));
  await settled();
  jobs.contexts.get("blob")?.report(7, 10);
  const states: TransferState[] = [];
  const second = manager.transfer(jobs.make("blob"), { onState: (state) => states.push(state) });
  expect(states).toEqual([{ kind: "running", current: 7, total: 10 }]);
  jobs.finish("blob");
  await Promise.all([first, second]);
});

test("[engine/T8] a watcher that throws ends its own waiting with that; the transfer goes on for the others, and ends with the last", async () => {
  const jobs = new TestJobs();
  const manager = createTransferManager();
  const bug = new Error("a bug of who looks on");
  const onState = (): never => {
    throw bug;
  };
  const first = manager.transfer(jobs.make("blob"));
  const second = manager.transfer(jobs.make("blob"), { onState });
  await settled();
  jobs.contexts.get("blob")?.report(1, 2);
  await expect(second).rejects.toBe(bug);
  expect(jobs.running).toEqual(["blob"]);
  jobs.finish("blob");
  expect(await first).toBe("transferred");
  const last = manager.transfer(jobs.make("other"), { onState });
  last.catch(() => undefined);
  await settled();
  jobs.contexts.get("other")?.report(1, 2);
  await expect(last).rejects.toBe(bug);
  expect(jobs.aborted).toEqual(["other"]);
});

test("[engine/T9] no more than the limit run at a time, in the order of coming; it can be changed while they wait", async () => {
  const jobs = new TestJobs();
  const manager = createTransferManager({ downloads: 3 });
  const keys = Array.from({ length: 10 }, (_, at) => `blob ${at}`);
  const waiting: string[] = [];
  const all = keys.map((key) =>
    manager.transfer(jobs.make(key, { size: 10 }), { onState: ({ kind }) => void (kind === "waiting" && waiting.push(key)) }),
  );
  await settled();
  expect(jobs.running).toEqual(keys.slice(0, 3));
  expect(waiting).toEqual(keys.slice(3));
  jobs.finish("blob 1");
  await settled();
  expect(jobs.running).toEqual(["blob 0", "blob 2", "blob 3"]);
  manager.setLimits({ downloads: 5 });
  await settled();
  expect([jobs.running, manager.limits]).toEqual([["blob 0", "blob 2", "blob 3", "blob 4", "blob 5"], { downloads: 5, uploads: 5 }]);
  manager.setLimits({ downloads: 0 });
  await settled();
  expect(jobs.running).toHaveLength(9);
  for (const key of keys) jobs.finish(key);
  await Promise.all(all);
  expect(jobs.started).toEqual(keys);
});

test("[engine/T9] who needs no network any more lets the next one in", async () => {
  const jobs = new TestJobs();
  const manager = createTransferManager({ downloads: 1, uploads: 1 });
  const first = manager.transfer(jobs.make("a", { directions: ["download", "upload"] }));
  await settled();
  const second = manager.transfer(jobs.make("b", { directions: ["upload"] }));
  await settled();
  expect(jobs.running).toEqual(["a"]);
  jobs.contexts.get("a")?.release();
  await settled();
  expect(jobs.running).toEqual(["a", "b"]);
  jobs.finish("a");
  jobs.finish("b");
  await Promise.all([first, second]);
});

test("[engine/T9] small content takes an eighth of a place, unless the number of places was given", async () => {
  for (const [options, expected] of [
    [{}, 24],
    [{ downloads: 3 }, 3],
    [{ downloads: 3, smallBytes: 100 }, 24],
    [{ smallBytes: 5 }, 3],
  ] as const) {
    const jobs = new TestJobs();
    const manager = createTransferManager(options);
    const keys = Array.from({ length: 30 }, (_, at) => `blob ${at}`);
    const all = keys.map((key) => manager.transfer(jobs.make(key, { size: 10 })));
    await settled();
    expect(jobs.running).toHaveLength(expected);
    for (let done = 0; done < keys.length; done++) {
      jobs.finish(keys[done] ?? "");
      await settled();
    }
    await Promise.all(all);
    expect(jobs.peak).toBe(expected);
  }
});

test("[engine/T9] a number that is given later counts whole places too, for uploads as for downloads", async () => {
  for (const direction of ["download", "upload"] as const) {
    const jobs = new TestJobs();
    const manager = createTransferManager();
    manager.setLimits({ [`${direction}s`]: 2 });
    expect(manager.limits).toEqual(direction === "upload" ? { downloads: 3, uploads: 2 } : { downloads: 2, uploads: 5 });
    const all = ["a", "b", "c"].map((key) => manager.transfer(jobs.make(key, { size: 10, directions: [direction] })));
    await settled();
    expect(jobs.running).toEqual(["a", "b"]);
    jobs.finish("a");
    await settled();
    for (const key of ["b", "c"]) jobs.finish(key);
    await Promise.all(all);
  }
});

test("[engine/T10] who leaves while a host is left alone holds up nobody behind", async () => {
  const clock = new TestClock();
  const jobs = new TestJobs();
  const manager = createTransferManager({ clock });
  manager.slowDown("one.test", 100);
  const controller = new AbortController();
  const leaving = manager.transfer(jobs.make("a", { hosts: ["one.test"] }), { signal: controller.signal });
  const staying = manager.transfer(jobs.make("b", { hosts: ["one.test"] }));
  await settled();
  controller.abort(new Error("enough"));
  await expect(leaving).rejects.toThrow("enough");
  await settled();
  clock.tick();
  await settled();
  expect([manager.hostLimit("one.test"), jobs.running]).toEqual([1, ["b"]]);
  jobs.finish("b");
  await staying;
});

test("[engine/T10] transfers that need the same two hosts, in whatever order, never wait for each other for ever", async () => {
  const clock = new TestClock();
  const jobs = new TestJobs();
  const manager = createTransferManager({ clock });
  for (const host of ["one.test", "two.test"]) manager.slowDown(host, 100);
  const there = manager.transfer(jobs.make("there", { hosts: ["one.test", "two.test"] }));
  const back = manager.transfer(jobs.make("back", { hosts: ["two.test", "one.test"] }));
  await settled();
  while (clock.slept.length > 0 && jobs.running.length === 0) {
    clock.tick();
    await settled();
  }
  expect([manager.hostLimit("one.test"), jobs.running]).toEqual([1, ["there"]]);
  jobs.finish("there");
  await settled();
  jobs.finish("back");
  await Promise.all([there, back]);
});

test("[engine/T9] who leaves while waiting makes room for those behind", async () => {
  const jobs = new TestJobs();
  const manager = createTransferManager({ downloads: 2, smallBytes: 10 });
  const big = manager.transfer(jobs.make("big", { size: 100 }));
  const controller = new AbortController();
  const small = Array.from({ length: 2 }, (_, at) => manager.transfer(jobs.make(`small ${at}`, { size: 1 })));
  const wide = manager.transfer(jobs.make("wide", { size: 100 }), { signal: controller.signal });
  const behind = manager.transfer(jobs.make("behind", { size: 1 }));
  await settled();
  expect(jobs.running).toEqual(["big", "small 0", "small 1"]);
  controller.abort(new Error("enough"));
  await expect(wide).rejects.toThrow("enough");
  await settled();
  expect(jobs.running).toEqual(["big", "small 0", "small 1", "behind"]);
  for (const key of jobs.started) jobs.finish(key);
  await Promise.all([big, behind, ...small]);
});

test("[engine/T9] what fails is tried again after growing waits; the fifth failure rejects with the first cause", async () => {
  const clock = new TestClock();
  const jobs = new TestJobs();
  const manager = createTransferManager({ clock, random: () => 0.5 });
  const states: TransferState[] = [];
  const result = manager.transfer(jobs.make("blob"), { onState: (state) => states.push(state) });
  const errors = Array.from({ length: 5 }, cut);
  const rejected = expect(result).rejects.toMatchObject({ code: "ERR_TRANSFER_FAILED", attempts: 5, errors, cause: errors[0] });
  for (const error of errors) {
    await settled();
    jobs.fail("blob", error);
    await settled();
    if (error !== errors.at(-1)) clock.tick();
  }
  await rejected;
  expect(clock.slept).toEqual([500, 1000, 2000, 4000]);
  expect(states).toEqual(clock.slept.map((delayMs, at) => ({ kind: "retrying", attempt: at + 1, delayMs, error: errors[at] })));
});

test("[engine/T9] while it waits to be tried again, it holds no place", async () => {
  const clock = new TestClock();
  const jobs = new TestJobs();
  const manager = createTransferManager({ clock, downloads: 1 });
  const first = manager.transfer(jobs.make("a"));
  const second = manager.transfer(jobs.make("b"));
  await settled();
  jobs.fail("a", cut());
  await settled();
  expect(jobs.running).toEqual(["b"]);
  jobs.finish("b");
  expect(await second).toBe("transferred");
  clock.tick();
  await settled();
  jobs.finish("a");
  expect(await first).toBe("transferred");
});

test.each([
  ["a refused right", answer(403)],
  ["a missing login", new AuthError("Cannot fetch blob: no", request)],
  ["an unexpected status", answer(418)],
  ["unknown content", new NotFoundError("blob", "x")],
  ["a wrong digest", new DigestMismatchError({ expected: "a", actual: "b" })],
  ["a full disk", Object.assign(new Error("full"), { code: "ENOSPC" })],
  ["a mistake of ours", new TypeError("no")],
])("[engine/T9] %s is not tried again", async (_, error) => {
  const clock = new TestClock();
  const jobs = new TestJobs();
  const result = createTransferManager({ clock }).transfer(jobs.make("blob"));
  await settled();
  jobs.fail("blob", error);
  await expect(result).rejects.toBe(error);
  expect(clock.slept).toEqual([]);
});

test("[engine/T10] a host that says Retry-After is left alone for that long, by all; other hosts are not", async () => {
  const clock = new TestClock();
  const jobs = new TestJobs();
  const manager = createTransferManager({ clock, downloads: 0 });
  const slowed = manager.transfer(jobs.make("a", { hosts: ["one.test"] }));
  const beside = manager.transfer(jobs.make("b", { hosts: ["one.test"] }));
  await settled();
  jobs.fail("a", answer(429, { retryAfterMs: 2000 }));
  await settled();
  const later = manager.transfer(jobs.make("c", { hosts: ["one.test"] }));
  const other = manager.transfer(jobs.make("d", { hosts: ["two.test"] }));
  await settled();
  expect([jobs.running, clock.slept]).toEqual([
    ["b", "d"],
    [2000, 2000],
  ]);
  expect([manager.hostLimit("one.test"), manager.hostLimit("two.test")]).toEqual([1, 0]);
  clock.tick();
  clock.tick();
  await settled();
  expect(clock.now()).toBe(2000);
  expect(jobs.running.filter((key) => key === "a" || key === "c")).toHaveLength(1); // one at a time from now on
  for (const key of ["a", "b", "c", "d", "a", "c"]) {
    jobs.finish(key);
    await settled();
  }
  await Promise.all([slowed, beside, later, other]);
});

test.each([
  [429, 86_400_000],
  [503, 60_001],
])(
  "[engine/T10] a host that asks for more patience than there is, by %i, ends the transfer at once and holds up no other",
  async (status, wait) => {
    const clock = new TestClock();
    const jobs = new TestJobs();
    const manager = createTransferManager({ clock });
    const result = manager.transfer(jobs.make("a", { hosts: ["one.test"] }));
    await settled();
    const error = answer(status, { retryAfterMs: wait });
    jobs.fail("a", error);
    await expect(result).rejects.toBe(error);
    expect([clock.slept, manager.hostLimit("one.test")]).toEqual([[], 0]);
    const patient = createTransferManager({ clock, maxRetryAfterMs: wait });
    const again = patient.transfer(jobs.make("b", { hosts: ["one.test"] }));
    await settled();
    jobs.fail("b", error);
    await settled();
    expect(clock.slept).toEqual([wait]);
    clock.tick();
    await settled();
    jobs.finish("b");
    await again;
  },
);

test("[engine/T10] 503 and what happened below lower the limit of a host by half; what goes well raises it again", async () => {
  const clock = new TestClock();
  const jobs = new TestJobs();
  const manager = createTransferManager({ clock, downloads: 0 });
  const keys = Array.from({ length: 8 }, (_, at) => `${at}`);
  const first = keys.map((key) => manager.transfer(jobs.make(key, { hosts: ["one.test"] })));
  await settled();
  manager.slowDown("one.test", 100);
  manager.slowDown("one.test", 100); // it is being left alone already
  expect(manager.hostLimit("one.test")).toBe(4);
  for (const key of keys) jobs.finish(key);
  await Promise.all(first);
  expect(manager.hostLimit("one.test")).toBe(5);
  const again = ["x", "y", "z"].map((key) => manager.transfer(jobs.make(key, { hosts: ["one.test"] })));
  await settled();
  for (let left = 3; left > 0; left--) clock.tick();
  await settled();
  expect(jobs.running).toEqual(["x", "y", "z"]);
  jobs.fail("x", answer(503));
  await settled();
  expect(manager.hostLimit("one.test")).toBe(1);
  for (const key of ["y", "z"]) jobs.finish(key);
  await settled();
  clock.tick();
  await settled();
  jobs.finish("x");
  await Promise.all(again);
});

test("a rate lets only so many bytes pass a second, over all transfers", async () => {
  const clock = new TestClock();
  const jobs = new TestJobs();
  const manager = createTransferManager({ clock, bytesPerSecond: 1000 });
  const all = ["a", "b"].map((key) => manager.transfer(jobs.make(key)));
  await settled();
  const passing = ["a", "b"].map(async (key) => await jobs.contexts.get(key)?.pass?.(500));
  await settled();
  expect(clock.slept).toEqual([500, 1000]);
  clock.tick();
  clock.tick();
  await Promise.all(passing);
  for (const key of ["a", "b"]) jobs.finish(key);
  await Promise.all(all);
  expect(createTransferManager().limits).toEqual({ downloads: 3, uploads: 5 });
});

test.each([
  [{ downloads: -1 }, "Cannot use limit -1: expected a whole number from 0"],
  [{ attempts: 0 }, "Cannot try 0 times: expected a whole number from 1"],
  [{ bytesPerSecond: 0 }, "Cannot use 0 bytes a second: expected more than 0"],
])("numbers that are none are refused: %j", (options, message) => {
  expect(() => createTransferManager(options)).toThrow(new RangeError(message));
});
