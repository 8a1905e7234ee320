import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import { noteCommit, RowCache } from "./row-cache.ts";
import { type SqlRow, statement } from "./statement.ts";

const FIND = statement("test.find", "SELECT 1");

function counting(row: SqlRow | undefined): { readonly read: () => SqlRow | undefined; readonly reads: () => number } {
  let reads = 0;
  return {
    read: () => {
      reads++;
      return row;
    },
    reads: () => reads,
  };
}

test("RowCache reads a row once, for each statement and parameters", () => {
  const cache = new RowCache(() => 1, 1 << 20);
  const { read, reads } = counting({ a: 1 });
  for (let i = 0; i < 3; i++) expect(cache.get(FIND, ["x", "y"], read)).toEqual({ a: 1 });
  expect(reads()).toBe(1);
  cache.get(FIND, ["x", "z"], read);
  cache.get(statement("test.other", ""), ["x", "y"], read);
  expect(reads()).toBe(3);
});

test("RowCache never keeps that there is nothing", () => {
  const cache = new RowCache(() => 1, 1 << 20);
  const { read, reads } = counting(undefined);
  cache.get(FIND, [], read);
  cache.get(FIND, [], read);
  expect(reads()).toBe(2);
});

test("RowCache forgets at once when this process commits, through any connection", () => {
  const cache = new RowCache(() => 1, 1 << 20);
  const { read, reads } = counting({ a: 1 });
  cache.get(FIND, [], read);
  noteCommit();
  cache.get(FIND, [], read);
  expect(reads()).toBe(2);
});

test("RowCache forgets when another process has committed, and looks once a turn", async () => {
  let version = 1;
  let looks = 0;
  const cache = new RowCache(() => {
    looks++;
    return version;
  }, 1 << 20);
  const { read, reads } = counting({ a: 1 });
  for (let i = 0; i < 5; i++) cache.get(FIND, [], read);
  expect([looks, reads()]).toEqual([1, 1]);
  version = 2;
  await nextTurn();
  cache.get(FIND, [], read);
  expect([looks, reads()]).toEqual([2, 2]);
});

test("RowCache keeps no more than its bytes, and no large rows", () => {
  const cache = new RowCache(() => 1, 100_000);
  const large = counting({ payload: new Uint8Array(70_000) });
  for (let i = 0; i < 2; i++) cache.get(FIND, ["large"], large.read);
  expect(large.reads()).toBe(2);
  const medium = counting({ payload: new Uint8Array(40_000) });
  for (const name of ["a", "b", "c"]) cache.get(FIND, [name], medium.read); // the third makes room
  cache.get(FIND, ["c"], medium.read);
  expect(medium.reads()).toBe(3);
  cache.get(FIND, ["a"], medium.read);
  expect(medium.reads()).toBe(4);
});
