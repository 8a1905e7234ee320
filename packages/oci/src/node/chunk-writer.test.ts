import { randomBytes } from "node:crypto";
import { mkdtemp, open, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createChunkWriter } from "./chunk-writer.ts";

async function temporaryFile(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "berth-chunks-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return join(folder, "file");
}

test.each([
  { how: "at once", slowMs: Number.POSITIVE_INFINITY },
  { how: "by another thread", slowMs: -1 },
])("chunks written $how stand one after the other, whatever their memory is used for two chunks later", async ({ slowMs }) => {
  const path = await temporaryFile();
  const bytes = randomBytes(1_000_000);
  const buffers = [Buffer.alloc(100_000), Buffer.alloc(100_000)];
  {
    await using file = await open(path, "w");
    const writer = createChunkWriter(file, { position: 10, slowMs });
    for (let at = 0, turn = 0; at < bytes.byteLength; turn++) {
      const buffer = buffers[turn % 2] ?? Buffer.alloc(0);
      const size = bytes.copy(buffer, 0, at, at + 100_000 - turn);
      await writer.write(buffer.subarray(0, size));
      at += size;
      expect(writer.position).toBe(10 + at);
    }
    await writer.finish();
  }
  expect((await readFile(path)).equals(Buffer.concat([Buffer.alloc(10), bytes]))).toBe(true);
});

test.each([{ slowMs: Number.POSITIVE_INFINITY }, { slowMs: -1 }])(
  "a write that fails is told, at the latest at the end",
  async ({ slowMs }) => {
    const path = await temporaryFile();
    await (await open(path, "w")).close();
    await using file = await open(path, "r");
    const writer = createChunkWriter(file, { slowMs });
    const writing = async (): Promise<void> => {
      for (let turn = 0; turn < 3; turn++) await writer.write(Buffer.from("x"));
      await writer.finish();
    };
    await expect(writing()).rejects.toMatchObject({ code: "EBADF" });
  },
);
