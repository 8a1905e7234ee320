import { gzipSync, zstdCompressSync } from "node:zlib";
import { LimitExceededError, MEDIA_TYPES } from "@berth/oci";
import { digestOf } from "@berth/oci/node";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { openLayer } from "./layer.ts";
import { checkRatio, LayerBudget } from "./layer-limits.ts";
import { bytesOf, type EntrySpec, tarOf } from "./testing/archives.ts";

const tar = tarOf({ path: "a", text: "x".repeat(5000) }, { path: "b/" });
const half = 1000;
const skippable = Buffer.from("502a4d180400000061626364", "hex");
const members = (compress: (bytes: Uint8Array) => Buffer): Buffer =>
  Buffer.concat([compress(tar.subarray(0, half)), compress(tar.subarray(half))]);

async function* chunked(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size);
}

describe("openLayer()", () => {
  test.each<[string, Buffer, string]>([
    ["a plain archive", tar, MEDIA_TYPES.ociLayer],
    ["gzip", gzipSync(tar), MEDIA_TYPES.dockerLayerGzip],
    ["gzip of several members", members(gzipSync), MEDIA_TYPES.ociLayerGzip],
    ["zstd", zstdCompressSync(tar), MEDIA_TYPES.ociLayerZstd],
    [
      "zstd of several frames, some of them notes",
      Buffer.concat([skippable, members(zstdCompressSync), skippable]),
      MEDIA_TYPES.ociLayerZstd,
    ],
    ["gzip that claims to be zstd", gzipSync(tar), MEDIA_TYPES.ociLayerZstd],
    ["zstd that claims to be plain", zstdCompressSync(tar), MEDIA_TYPES.dockerLayer],
    ["a plain archive that claims to be gzip", tar, MEDIA_TYPES.dockerForeignLayerGzip],
    ["nothing", Buffer.alloc(0), MEDIA_TYPES.ociLayer],
  ])("[engine/T21,T22] reads %s in chunks of any size, and knows its diffID", async (name, bytes, mediaType) => {
    const plain = name === "nothing" ? bytes : tar;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: bytes.byteLength + 1 }), async (size) => {
        const layer = openLayer(chunked(bytes, size), mediaType);
        expect(() => layer.diffId).toThrow(TypeError);
        expect((await bytesOf(layer)).equals(plain)).toBe(true);
        expect([layer.diffId, layer.size]).toEqual([digestOf(plain), plain.byteLength]);
      }),
      { numRuns: 15, examples: [[1], [2], [bytes.byteLength + 1]] },
    );
  });

  test.each<[string, Uint8Array]>([
    ["gzip that is cut short", gzipSync(tar).subarray(0, -4)],
    ["gzip with something behind", Buffer.concat([gzipSync(tar), Buffer.from("something")])],
    ["gzip with zeros behind", Buffer.concat([gzipSync(tar), Buffer.alloc(20)])],
    ["zstd that is cut short", zstdCompressSync(tar).subarray(0, -4)],
    ["zstd with something behind", Buffer.concat([zstdCompressSync(tar), Buffer.from("something")])],
    ["gzip with a flipped bit", gzipSync(tar).fill(0xff, 30, 34)],
  ])("refuses %s", async (_, bytes) => {
    for (const size of [7, 100_000]) {
      await expect(bytesOf(openLayer(chunked(bytes, size), MEDIA_TYPES.ociLayerGzip))).rejects.toMatchObject({ code: "ERR_INVALID_LAYER" });
    }
  });

  test("refuses other media types, and other compressions", async () => {
    expect(() => openLayer(chunked(tar, 9), MEDIA_TYPES.octetStream)).toThrow(expect.objectContaining({ code: "ERR_UNSUPPORTED" }));
    const xz = Buffer.from("fd377a585a000004e6d6b446", "hex");
    await expect(bytesOf(openLayer(chunked(xz, 5), MEDIA_TYPES.ociLayerGzip))).rejects.toMatchObject({ code: "ERR_UNSUPPORTED" });
  });

  test("passes errors of the content on as they are, and ends it when left early", async () => {
    const failing = async function* () {
      yield gzipSync(tar).subarray(0, 50);
      throw new Error("the line is cut");
    };
    await expect(bytesOf(openLayer(failing(), MEDIA_TYPES.ociLayerGzip))).rejects.toThrow("the line is cut");
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    const endless = async function* () {
      try {
        for (;;) yield gzipSync(Buffer.alloc(100_000));
      } finally {
        resolve();
      }
    };
    for await (const _ of openLayer(endless(), MEDIA_TYPES.ociLayerGzip)) break;
    await ended;
    const signal = AbortSignal.abort(new Error("stopped"));
    await expect(bytesOf(openLayer(endless(), MEDIA_TYPES.ociLayerGzip, { signal }))).rejects.toThrow("stopped");
  });
});

describe("limits of layers", () => {
  test("stop a bomb early, and count all layers of an image together", async () => {
    const bomb = zstdCompressSync(Buffer.alloc(64 << 20));
    const layer = openLayer(chunked(bomb, 1000), MEDIA_TYPES.ociLayerZstd, { limits: { maxBytes: 1 << 20 } });
    await expect(bytesOf(layer)).rejects.toMatchObject({ code: "ERR_LIMIT_EXCEEDED", limit: 1 << 20 });
    expect(layer.size).toBeLessThan(2 << 20);
    const budget = new LayerBudget({ maxBytes: tar.byteLength + 1 });
    await bytesOf(openLayer(chunked(tar, 999), MEDIA_TYPES.ociLayer, { limits: budget }));
    await expect(bytesOf(openLayer(chunked(tar, 999), MEDIA_TYPES.ociLayer, { limits: budget }))).rejects.toMatchObject({
      code: "ERR_LIMIT_EXCEEDED",
    });
  });

  test("refuse a frame of zstd that would take gigabytes of memory to be unpacked", async () => {
    const frame = (windowLog: number): Buffer => Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, (windowLog - 10) << 3, 9, 0, 0, 0x61]);
    const read = async (bytes: Buffer): Promise<string> =>
      (await bytesOf(openLayer(chunked(bytes, 4), MEDIA_TYPES.ociLayerZstd))).toString();
    expect(await read(frame(27))).toBe("a");
    for (const windowLog of [28, 31, 41]) await expect(read(frame(windowLog))).rejects.toMatchObject({ code: "ERR_INVALID_LAYER" });
  });

  test("know how much memory entries may take: more than images need, less than long names and records that pack well would", () => {
    const take = (count: number, spec: (number: number) => EntrySpec): void => {
      const budget = new LayerBudget();
      for (let number = 0; number < count; number++) budget.takeTexts({ linkTarget: "", pax: new Map(), ...spec(number) });
    };
    const times = new Map([["mtime", Buffer.from("1700000000.123456789")]]);
    const usual = "usr/lib/node_modules/package/lib";
    take(2_000_000, (number) => ({ path: `${usual}/${number >> 4}/file-${number}.js`, pax: times }));
    const [deep, long, large] = ["/a".repeat(200), "a".repeat(4000), new Map([["x", Buffer.alloc(1_000_000)]])];
    expect(() => take(100_000, (number) => ({ path: `${number}${deep}` }))).toThrow(LimitExceededError);
    expect(() => take(300_000, (number) => ({ path: `${number}${long}` }))).toThrow(LimitExceededError);
    expect(() => take(300_000, (number) => ({ path: `${number}`, linkTarget: long }))).toThrow(LimitExceededError);
    expect(() => take(2000, (number) => ({ path: `${number}`, pax: large }))).toThrow(LimitExceededError);
  });

  test("know a ratio that no files have", () => {
    const budget = new LayerBudget();
    budget.takeBytes(1, { compressed: 1, uncompressed: 1024 ** 3 });
    budget.takeBytes(1, { compressed: 2 ** 22, uncompressed: 1024 ** 3 + 1 });
    expect(() => budget.takeBytes(1, { compressed: 2 ** 20, uncompressed: 1024 ** 3 + 1 })).toThrow(
      expect.objectContaining({ limit: 1000 }),
    );
    expect(() => checkRatio("archive", { compressed: 2 ** 20, uncompressed: 1024 ** 3 + 1 }, 1000, 1024 ** 3)).toThrow(
      /archive with a higher/,
    );
  });
});
