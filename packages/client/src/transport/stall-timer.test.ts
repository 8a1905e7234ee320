import { setImmediate as turn } from "node:timers/promises";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { stallTimer } from "./stall-timer.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("[client/N-8] a stall is a wait of the whole period without a byte; time that nobody waits for does not count", () => {
  const onStall = vi.fn();
  const timer = stallTimer(1000, onStall);
  vi.advanceTimersByTime(5000); // nothing is waited for
  for (let round = 0; round < 5; round++) {
    timer.waiting();
    vi.advanceTimersByTime(600);
    timer.waiting(); // still the same wait
    vi.advanceTimersByTime(399);
    timer.moved();
    vi.advanceTimersByTime(5000); // a slow reader
  }
  expect(onStall).not.toHaveBeenCalled();
  timer.waiting();
  vi.advanceTimersByTime(999);
  expect(onStall).not.toHaveBeenCalled();
  vi.advanceTimersByTime(2); // and the turn in which what came would be read
  expect(onStall).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code: "ERR_STALLED" }));
});

test("[client/N-8] bytes that came while this process was stopped are read before it is called a stall", async () => {
  vi.useRealTimers();
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  const onStall = vi.fn();
  const timer = stallTimer(1000, onStall);
  timer.waiting();
  vi.advanceTimersByTime(3000);
  timer.moved();
  timer.waiting();
  await turn();
  vi.advanceTimersByTime(999);
  await turn();
  expect(onStall).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  await turn();
  expect(onStall).toHaveBeenCalledOnce();
});

test("[client/N-8] no period, no stall; nor after the end", () => {
  const onStall = vi.fn();
  const never = stallTimer(0, onStall);
  never.waiting();
  const ended = stallTimer(10, onStall);
  ended.waiting();
  ended.stop();
  ended.waiting();
  vi.advanceTimersByTime(1e9);
  expect([onStall.mock.calls.length, vi.getTimerCount()]).toEqual([0, 0]);
});
