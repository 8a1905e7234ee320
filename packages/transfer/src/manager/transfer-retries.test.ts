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
