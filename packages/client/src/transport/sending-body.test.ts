import type { Readable } from "node:stream";
import { expect, test } from "vitest";
import { requestBody } from "./body.ts";
import { type SendingBody, sendingBody } from "./sending-body.ts";

const MIB = 1_048_576;

/** A body of one chunk of 1 MiB on its way, and what the watch was told. */
function send(isOn: boolean): { readonly sending: SendingBody; readonly told: string[] } {
  const told: string[] = [];
  const watch = { isOn, waiting: () => void told.push("waiting"), moved: () => void told.push("moved") };
  const chunks = async function* (): AsyncGenerator<Uint8Array> {
    yield Buffer.alloc(MIB, "x");
  };
  return { sending: sendingBody(requestBody(chunks(), MIB), watch), told };
}

async function sizesOf(content: Readable | Uint8Array): Promise<readonly number[]> {
  const sizes = [];
  for await (const chunk of content as AsyncIterable<Uint8Array>) sizes.push(chunk.byteLength);
  return sizes;
}

test("[client/N-8] a chunk goes in small pieces when somebody watches whether bytes move, and each of them counts", async () => {
  const { sending, told } = send(true);
  expect(await sizesOf(sending.content)).toEqual(Array.from({ length: 64 }, () => 16_384));
  expect(told.filter((what) => what === "waiting")).toHaveLength(64);
  expect(told.join(" ")).not.toContain("waiting waiting"); // each one was taken before the next was handed over
});

test("a chunk goes as it is when nobody watches", async () => {
  const { sending } = send(false);
  expect(sending.isWhole).toBe(false);
  expect(await sizesOf(sending.content)).toEqual([MIB]);
  expect(sending.isWhole).toBe(true);
});
