import { expect, test } from "vitest";
import { coalesced } from "./coalesced.ts";

test("coalesced() runs once for all who ask before it begins, and again for who asks while it runs", async () => {
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let runs = 0;
  const work = coalesced(async () => await gates[runs++]?.promise);
  const first = work();
  await Promise.resolve();
  const second = [work(), work()];
  expect(runs).toBe(1);
  gates[0]?.resolve();
  await first;
  gates[1]?.resolve();
  await Promise.all(second);
  expect(runs).toBe(2);
});

test("coalesced() tells an error only to those whose run it was", async () => {
  const failure = new Error("broken");
  let runs = 0;
  const work = coalesced(async () => {
    if (runs++ === 0) throw failure;
  });
  const first = work();
  await expect(first).rejects.toBe(failure);
  await work();
  expect(runs).toBe(2);
});
