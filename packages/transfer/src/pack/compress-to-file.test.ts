import { readdir } from "node:fs/promises";
import { Readable } from "node:stream";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { digestOf } from "@berth/oci/node";
import { createScratch, type Scratch } from "@berth/testkit/parts";
import { afterEach, beforeEach, expect, test } from "vitest";
import { compressToFile } from "./compress-to-file.ts";

let scratch: Scratch;
beforeEach(async () => {
  scratch = await createScratch();
});
afterEach(async () => {
  await scratch.remove();
});

test("compressToFile() tells both digests, opens the file at any offset and takes it away in the end", async () => {
  const content = Buffer.from("content ".repeat(100_000));
  for (const compression of ["gzip", "zstd", "none"] as const) {
    await using file = await compressToFile(Readable.from([content.subarray(0, 10), content.subarray(10)]), {
      compression,
      temporaryFolder: scratch.path,
    });
    const bytes = Buffer.concat(await Array.fromAsync(file.source));
    expect([file.digest, file.size]).toEqual([digestOf(bytes), bytes.byteLength]);
    expect([file.contentDigest, file.contentSize]).toEqual([digestOf(content), content.byteLength]);
    const plain = compression === "gzip" ? gunzipSync(bytes) : compression === "zstd" ? zstdDecompressSync(bytes) : bytes;
    expect(plain.equals(content)).toBe(true);
    expect(Buffer.concat(await Array.fromAsync(file.source.open(7))).equals(bytes.subarray(7))).toBe(true);
    if (compression === "gzip") expect([...bytes.subarray(0, 10)]).toEqual([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
  }
  expect(await readdir(scratch.path)).toEqual([]);
});

test.each(["gzip", "zstd", "none"] as const)(
  "compressToFile() gives the same bytes whatever the pieces and times of what it gets: %s",
  async (compression) => {
    const content = Buffer.concat(Array.from({ length: 12_000 }, (_, number) => Buffer.from(digestOf(String(number % 5000))))); // no two pieces alike
    async function* pieces(size: number, waits: boolean): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < content.byteLength; at += size) {
        yield content.subarray(at, at + size);
        if (waits) await readdir(scratch.path);
      }
    }
    const digests = new Set<string>();
    for (const size of [1000, 65_536, 262_144, content.byteLength]) {
      for (const waits of [true, false]) {
        await using file = await compressToFile(pieces(size, waits), { compression, temporaryFolder: scratch.path });
        expect(file.contentDigest).toBe(digestOf(content));
        digests.add(file.digest);
      }
    }
    expect(digests.size).toBe(1);
  },
);

test("compressToFile() leaves no file behind when it is stopped or its content fails", async () => {
  const controller = new AbortController();
  const reason = new Error("enough");
  async function* content(): AsyncGenerator<Uint8Array> {
    yield Buffer.from("first");
    controller.abort(reason);
    yield Buffer.from("second");
  }
  const options = { temporaryFolder: scratch.path };
  await expect(compressToFile(content(), { ...options, signal: controller.signal })).rejects.toBe(reason);
  const failure = new Error("broken");
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield Buffer.from("first");
    throw failure;
  }
  await expect(compressToFile(broken(), options)).rejects.toBe(failure);
  expect(await readdir(scratch.path)).toEqual([]);
});
