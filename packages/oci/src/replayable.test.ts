import { expect, test } from "vitest";
import { bytesSource, isReplayable, replayableSource } from "./replayable.ts";

async function textOf(source: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

test("[client/A-12] bytes in memory are read as often as wanted, from any offset", async () => {
  const source = bytesSource("hällo");
  expect(source.size).toBe(6);
  expect([await textOf(source), await textOf(source), await textOf(source.open(3)), await textOf(source.open(6))]).toEqual([
    "hällo",
    "hällo",
    "llo",
    "",
  ]);
});

test("isReplayable() tells a source that can be opened from one that is read once", () => {
  expect(isReplayable(bytesSource(""))).toBe(true);
  expect(isReplayable((async function* () {})())).toBe(false);
});

test("replayableSource() opens anew for every reader", async () => {
  let opened = 0;
  const source = replayableSource(2, (offset) => {
    opened++;
    return bytesSource("ab").open(offset);
  });
  expect(await textOf(source)).toBe("ab");
  expect(await textOf(source.open(1))).toBe("b");
  expect(opened).toBe(2);
});
