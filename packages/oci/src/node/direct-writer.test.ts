import { randomBytes } from "node:crypto";
import { mkdtemp, open, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { ChunkWriter } from "./chunk-writer.ts";
import { type DirectFile, DirectWriter, openChunkWriter } from "./direct-writer.ts";

const PIECE = 65_536;
/** Many pieces, and a rest that is no whole block. */
const bytes = randomBytes(20 * PIECE + 12_345);

async function temporaryFile(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "berth-direct-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return join(folder, "file");
}

/** Writes chunks of a size that fits nothing, in memory that is used again at once. */
async function writeInChunks(writer: ChunkWriter, content: Uint8Array, size = 10_007): Promise<void> {
  const start = writer.position;
  const buffer = Buffer.alloc(size);
  for (let at = 0; at < content.byteLength; at += size) {
    const length = Math.min(size, content.byteLength - at);
    buffer.set(content.subarray(at, at + length));
    await writer.write(buffer.subarray(0, length));
    expect(writer.position).toBe(start + at + length);
    buffer.fill(0);
  }
  await writer.finish();
}

interface FakeFile extends DirectFile {
  /** Where each write began. */
  readonly positions: number[];
  isClosed: boolean;
}

/** Direct writes that are made by `write`. */
function fakeFile(write: DirectFile["write"]): FakeFile {
  const positions: number[] = [];
  return {
    positions,
    isClosed: false,
    write: async (buffer, offset, length, position) => {
      positions.push(position);
      return await write(buffer, offset, length, position);
    },
    async close() {
      this.isClosed = true;
    },
  };
}

const refusal = (code: string): Error => Object.assign(new Error(code), { code });

test.each([0, 4096, 10_007])("large content stands in the file as it came, from position %i on", async (position) => {
  const path = await temporaryFile();
  await using file = await open(path, "w+");
  const head = randomBytes(position);
  await file.write(head);
  const content = randomBytes((20 << 20) + 321);
  await writeInChunks(await openChunkWriter(file, { size: content.byteLength, position, directFrom: 1 }), content, 250_007);
  expect((await readFile(path)).equals(Buffer.concat([head, content]))).toBe(true);
});

test("what comes before a write that is a whole number of blocks, and after it, is written otherwise", async () => {
  const path = await temporaryFile();
  await using file = await open(path, "w+");
  await file.write(Buffer.alloc(5000));
  const direct = fakeFile(async (...args) => await file.write(...args));
  await writeInChunks(new DirectWriter(file, direct, { position: 5000, memory: Buffer.alloc(2 * PIECE), patience: 1 }), bytes);
  expect((await readFile(path)).subarray(5000).equals(bytes)).toBe(true);
  expect(direct.positions).toEqual(Array.from({ length: 19 }, (_, at) => PIECE + 4096 + at * PIECE));
  expect(direct.isClosed).toBe(true);
});

test.each(["EINVAL", "ENOTSUP"])("a file system that answers %s gets the piece, and the others, in the usual way", async (code) => {
  const path = await temporaryFile();
  await using file = await open(path, "w+");
  const direct = fakeFile(async () => await Promise.reject(refusal(code)));
  await writeInChunks(new DirectWriter(file, direct, { position: 0, memory: Buffer.alloc(2 * PIECE) }), bytes);
  expect((await readFile(path)).equals(bytes)).toBe(true);
  expect(direct.positions.length).toBeLessThanOrEqual(2);
  expect(direct.isClosed).toBe(true);
});

test("a write that took only a part of a piece is gone on with", async () => {
  const path = await temporaryFile();
  await using file = await open(path, "w+");
  const direct = fakeFile(async (buffer, offset, length, position) => await file.write(buffer, offset, Math.min(length, 1000), position));
  await writeInChunks(new DirectWriter(file, direct, { position: 0, memory: Buffer.alloc(2 * PIECE), patience: 1 }), bytes);
  expect((await readFile(path)).equals(bytes)).toBe(true);
  expect(direct.positions).toHaveLength(20);
});

test("a disk that is waited for too long gets the rest in the usual way", async () => {
  const path = await temporaryFile();
  await using file = await open(path, "w+");
  const direct = fakeFile(async (...args) => await file.write(...args));
  await writeInChunks(new DirectWriter(file, direct, { position: 0, memory: Buffer.alloc(2 * PIECE), patience: 0 }), bytes);
  expect((await readFile(path)).equals(bytes)).toBe(true);
  expect(direct.positions).toHaveLength(8);
  expect(direct.isClosed).toBe(true);
});

test("a write that fails is told, at the latest at the end, and the file is let go of", async () => {
  await using file = await open(await temporaryFile(), "w+");
  const full = refusal("ENOSPC");
  const direct = fakeFile(async () => await Promise.reject(full));
  const writer = new DirectWriter(file, direct, { position: 0, memory: Buffer.alloc(2 * PIECE) });
  await expect(writeInChunks(writer, bytes)).rejects.toBe(full);
  await expect(writer.finish()).rejects.toBe(full);
  expect(direct.isClosed).toBe(true);
});

test("what has come is in the file when no more does", async () => {
  const path = await temporaryFile();
  await using file = await open(path, "w+");
  const direct = fakeFile(async (...args) => await file.write(...args));
  const writer = new DirectWriter(file, direct, { position: 0, memory: Buffer.alloc(2 * PIECE) });
  await writer.write(bytes.subarray(0, 3 * PIECE + 100));
  await writer.finish();
  expect((await stat(path)).size).toBe(3 * PIECE + 100);
});
