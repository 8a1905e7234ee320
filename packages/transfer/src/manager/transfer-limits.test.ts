import { expect, test } from "vitest";
import { settled, TestClock, TestJobs } from "./manager.test-kit.ts";
import { createTransferManager } from "./transfer-manager.ts";

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
  clock.tick(); // the other one waits for the first host as well
  await settled();
  expect(jobs.running).toEqual(["there"]);
  jobs.finish("there");
  await settled();
  jobs.finish("back");
  await Promise.all([there, back]);
});

test("[engine/T10] who waits for a host that asked to slow down holds no place, and begins no sooner for having waited for one", async () => {
  const clock = new TestClock();
  const jobs = new TestJobs();
  const manager = createTransferManager({ clock, downloads: 1 });
  const waiting = new Set<string>();
  const begin = (key: string, host: string): Promise<unknown> =>
    manager.transfer(jobs.make(key, { hosts: [host] }), { onState: ({ kind }) => void (kind === "waiting" && waiting.add(key)) });
  const first = begin("first", "first.test");
  await settled();
  const queued = ["a", "b"].map((key) => begin(key, "slow.test")); // for the place: the host has not said anything yet
  await settled();
  manager.slowDown("slow.test", 30_000);
  const late = begin("late", "slow.test");
  const other = begin("other", "other.test");
  await settled();
  expect([jobs.running, [...waiting]]).toEqual([["first"], ["a", "b", "late", "other"]]);
  jobs.finish("first");
  await first;
  await settled();
  expect([jobs.running, clock.now()]).toEqual([["other"], 0]);
  jobs.finish("other");
  await other;
  await settled();
  expect(jobs.running).toEqual([]);
  for (const key of ["late", "a", "b"]) {
    while (!jobs.running.includes(key)) {
      clock.tick();
      await settled();
    }
    expect(clock.now()).toBe(30_000);
    jobs.finish(key);
    await settled();
  }
  await Promise.all([...queued, late]);
  expect(jobs.peak).toBe(1);
});

test("[engine/T10] who runs while its host is left alone leaves its place to others, and has it back behind the longest wait", async () => {
  const clock = new TestClock();
  const jobs = new TestJobs();
  const manager = createTransferManager({ clock, downloads: 1 });
  const states: string[] = [];
  const begin = (key: string, host: string): Promise<unknown> => manager.transfer(jobs.make(key, { hosts: [host] }));
  const slow = manager.transfer(jobs.make("slow", { hosts: ["slow.test"] }), { onState: ({ kind }) => void states.push(kind) });
  await settled();
  manager.slowDown("slow.test", 10_000);
  manager.slowDown("slow.test", 30_000);
  const others = ["one", "two", "three"].map((key) => begin(key, "other.test"));
  await settled();
  expect([jobs.running, states]).toEqual([["slow", "one"], ["waiting"]]);
  jobs.finish("one");
  await settled();
  clock.tick();
  await settled();
  expect([jobs.running, clock.now()]).toEqual([["slow", "two"], 10_000]);
  clock.tick();
  await settled();
  expect(clock.now()).toBe(30_000);
  jobs.contexts.get("slow")?.report(1, 2);
  jobs.finish("two");
  await settled();
  expect([jobs.running, states]).toEqual([["slow"], ["waiting", "running"]]); // it has the one place that there is
  jobs.finish("slow");
  await slow;
  await settled();
  expect(jobs.running).toEqual(["three"]);
  jobs.finish("three");
  await Promise.all(others);
});

test("[engine/T10] who ends while its place is lent has nothing to give back, and wants nothing back", async () => {
  const clock = new TestClock();
  const jobs = new TestJobs();
  const manager = createTransferManager({ clock, downloads: 1 });
  const begin = (key: string, host: string): Promise<unknown> => manager.transfer(jobs.make(key, { hosts: [host] }));
  const slow = begin("slow", "slow.test");
  await settled();
  manager.slowDown("slow.test", 10_000);
  const others = ["one", "two"].map((key) => begin(key, "other.test"));
  await settled();
  jobs.finish("slow");
  await slow;
  expect(() => clock.tick()).toThrow("nobody sleeps");
  expect(jobs.running).toEqual(["one"]);
  jobs.finish("one");
  await settled();
  expect(jobs.running).toEqual(["two"]);
  jobs.finish("two");
  await Promise.all(others);
});

test("[engine/T10] who waits for one host and needs a second one holds no place at that one", async () => {
  const clock = new TestClock();
  const jobs = new TestJobs();
  const manager = createTransferManager({ clock });
  manager.slowDown("one.test", 100);
  manager.slowDown("two.test", 30_000);
  const both = manager.transfer(jobs.make("both", { hosts: ["one.test", "two.test"] }));
  const single = manager.transfer(jobs.make("single", { hosts: ["one.test"] }));
  await settled();
  for (let sleepers = 2; sleepers > 0; sleepers--) clock.tick();
  await settled();
  expect([clock.now(), jobs.running]).toEqual([100, ["single"]]);
  jobs.finish("single");
  await single;
  clock.tick();
  await settled();
  expect([clock.now(), jobs.running]).toEqual([30_000, ["both"]]);
  jobs.finish("both");
  await both;
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
  [{ smallBytes: Number.NaN }, "Cannot use smallBytes NaN: expected a number from 0"],
  [{ smallBytes: -1 }, "Cannot use smallBytes -1: expected a number from 0"],
  [{ maxRetryAfterMs: Number.NaN }, "Cannot use maxRetryAfterMs NaN: expected a number from 0"],
  [{ maxRetryAfterMs: -1 }, "Cannot use maxRetryAfterMs -1: expected a number from 0"],
])("numbers that are none are refused: %j", (options, message) => {
  expect(() => createTransferManager(options)).toThrow(new RangeError(message));
});

test("limits of which one is none change nothing", () => {
  const manager = createTransferManager();
  for (const limits of [
    { downloads: 7, uploads: -1 },
    { downloads: Number.NaN, uploads: 7 },
  ]) {
    expect(() => manager.setLimits(limits)).toThrow(RangeError);
    expect(manager.limits).toEqual({ downloads: 3, uploads: 5 });
  }
});
