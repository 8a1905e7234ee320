import { digestOf } from "@berth/oci/node";
import { expect, test } from "vitest";
import { createTransferEvents, eventId, type TransferEvent } from "./events.ts";

const KIB = 1024;
const event = (id: string, action: TransferEvent["action"], current = 0, more: Partial<TransferEvent> = {}): TransferEvent => ({
  id,
  action,
  current,
  total: 100 * KIB * KIB,
  last: false,
  ...more,
});

test("[engine/T30] a slow watcher gets the latest event of each id, and every last one", async () => {
  const events = createTransferEvents();
  const watcher = events.watch();
  for (let mib = 1; mib <= 100; mib++) {
    events.emit(event("a", "copying", mib * KIB * KIB));
    events.emit(event("b", "copying", mib * KIB * KIB));
  }
  events.emit(event("a", "done", 100 * KIB * KIB, { last: true }));
  events.end();
  const seen = await Array.fromAsync(watcher);
  expect(seen.map(({ id, action, last }) => [id, action, last])).toEqual([
    ["a", "done", true],
    ["b", "copying", false],
  ]);
});

test("[engine/T30] progress comes every 512 KiB, or every hundredth if that is less, never back, and again from the start after a retry", async () => {
  const events = createTransferEvents();
  const watcher = events.watch();
  const seen: TransferEvent[] = [];
  const emit = async (...all: readonly TransferEvent[]): Promise<void> => {
    const before = seen.length;
    for (const one of all) {
      events.emit(one);
      events.emit(event(`mark ${one.current}`, "waiting", 0, { message: String(Math.random()) }));
      for (;;) {
        const next = await watcher.next();
        if (next.done || next.value.id.startsWith("mark")) break;
        seen.push(next.value);
      }
    }
    expect(seen.length).toBeGreaterThanOrEqual(before);
  };
  const currents = (id: string): readonly number[] => seen.filter((one) => one.id === id).map(({ current }) => current);
  await emit(...[0, 100, 300, 600, 400, 1000, 1200].map((kib) => event("large", "copying", kib * KIB)));
  expect(currents("large")).toEqual([0, 600 * KIB, 1200 * KIB]);
  await emit(...[0, 5, 10, 12, 25, 24, 999, 1000].map((current) => event("small", "copying", current, { total: 1000 })));
  expect(currents("small")).toEqual([0, 10, 25, 999, 1000]);
  await emit(event("large", "retrying", 0, { message: "Retrying in 1 seconds" }), event("large", "copying", 600 * KIB));
  expect(currents("large")).toEqual([0, 600 * KIB, 1200 * KIB, 0, 600 * KIB]);
});

test("[engine/T30] the same event twice is told once; each watcher gets all, a late one first what was last said", async () => {
  const events = createTransferEvents();
  const early = events.watch();
  events.emit(event("a", "waiting"));
  events.emit(event("a", "waiting"));
  const first = await early.next();
  expect(first.value?.action).toBe("waiting");
  const late = events.watch();
  events.emit(event("b", "skipped", 0, { last: true }));
  events.end();
  events.emit(event("c", "waiting"));
  expect((await Array.fromAsync(early)).map(({ id }) => id)).toEqual(["b"]);
  expect((await Array.fromAsync(late)).map(({ id }) => id)).toEqual(["a", "b"]);
  expect((await Array.fromAsync(events.watch())).map(({ id }) => id)).toEqual(["a", "b"]);
});

test("[engine/T30] no moved byte is missed: not by events that are no news, by a slow watcher, or by a late one", async () => {
  const events = createTransferEvents();
  const slow = events.watch();
  const quick = events.watch();
  let sum = 0;
  const summing = (async () => {
    for await (const { moved = 0 } of quick) sum += moved;
  })();
  for (let at = 1; at <= 100; at++) events.emit(event("a", "copying", at * KIB, { moved: KIB }));
  events.emit(event("a", "done", 100 * KIB, { last: true, moved: 1 }));
  events.emit(event("a", "done", 100 * KIB, { last: true, moved: 2 })); // elsewhere, too
  events.emit(event("a", "exists", 100 * KIB, { last: true }));
  const late = events.watch();
  events.end();
  await summing;
  expect(sum).toBe(100 * KIB + 3);
  for (const watcher of [slow, late]) expect(await Array.fromAsync(watcher)).toMatchObject([{ action: "exists", moved: 100 * KIB + 3 }]);
});

test("[engine/T30] a watcher that leaves holds up nobody", async () => {
  const events = createTransferEvents();
  const leaving = events.watch();
  const staying = events.watch();
  events.emit(event("a", "waiting"));
  for await (const one of leaving) {
    expect(one.id).toBe("a");
    break;
  }
  events.emit(event("b", "waiting"));
  events.end();
  expect((await Array.fromAsync(staying)).map(({ id }) => id)).toEqual(["a", "b"]);
  expect((await leaving.next()).done).toBe(true);
});

test("a watcher that waits is told at once, and that it is over", async () => {
  const events = createTransferEvents();
  const watcher = events.watch();
  const [first, second] = [watcher.next(), watcher.next()];
  events.emit(event("a", "waiting"));
  events.end();
  expect([(await first).value?.id, (await second).done]).toEqual(["a", true]);
});

test("the id of content is the start of its digest", () => {
  expect(eventId(digestOf("hello"))).toBe("2cf24dba5fb0");
});
