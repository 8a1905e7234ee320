import { expect, test } from "vitest";
import { Regulator } from "./regulator.ts";

function full(limit = 25): Regulator {
  const regulator = new Regulator(limit);
  while (regulator.tryEnter());
  return regulator;
}

test("[server/Q6] a bound below 25 is raised to 25", () => {
  expect([0, -5, 24, 25, 26, 100].map((limit) => new Regulator(limit).limit)).toEqual([25, 25, 25, 25, 26, 100]);
  expect(() => new Regulator(Number.NaN)).toThrow(RangeError);
  expect(() => new Regulator(30.5)).toThrow(RangeError);
});

test("[server/Q6] calls beyond the bound wait, and go on in the order they came", async () => {
  const regulator = full(30);
  const order: number[] = [];
  const waiting = [1, 2, 3].map((id) => regulator.enter().then(() => order.push(id)));
  expect(order).toEqual([]);
  for (const done of waiting) {
    regulator.leave();
    await done;
  }
  expect(order).toEqual([1, 2, 3]);
});

test("a waiting call that is aborted leaves the line with the reason of its signal", async () => {
  const regulator = full();
  const controller = new AbortController();
  const first = regulator.enter(controller.signal);
  const second = regulator.enter();
  const reason = new Error("no longer wanted");
  controller.abort(reason);
  await expect(first).rejects.toBe(reason);
  regulator.leave();
  await second;
  await expect(regulator.enter(AbortSignal.abort(reason))).rejects.toBe(reason);
});

test("a place given back is free again, and an abort after entering changes nothing", async () => {
  const regulator = full();
  const controller = new AbortController();
  const entered = regulator.enter(controller.signal);
  regulator.leave();
  await entered;
  controller.abort();
  expect(regulator.tryEnter()).toBe(false);
  regulator.leave();
  expect(regulator.tryEnter()).toBe(true);
});
