import { execFileSync } from "node:child_process";
import { appendFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { fileSource } from "./file-source.ts";

async function textOf(source: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

test("fileSource() reads a file as often as wanted, from any offset, up to the size it had", async () => {
  const folder = await mkdtemp(join(tmpdir(), "berth-file-source-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, "content");
  await writeFile(path, "0123456789");
  const source = await fileSource(path);
  await appendFile(path, "more");
  expect(source.size).toBe(10);
  expect([await textOf(source), await textOf(source.open(7)), await textOf(source.open(10))]).toEqual(["0123456789", "789", ""]);
});

test("fileSource() says that there is no such file", async () => {
  await expect(fileSource(join(tmpdir(), "berth-no-such-file"))).rejects.toMatchObject({ code: "ENOENT" });
});

test("fileSource() does not take a pipe for an empty file", async () => {
  const folder = await mkdtemp(join(tmpdir(), "berth-file-source-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, "pipe");
  execFileSync("/usr/bin/mkfifo", [path]);
  await expect(fileSource(path)).rejects.toMatchObject({ code: "ERR_UNSUPPORTED" });
});

test("fileSource() can be read through a few buffers that are used over and over", async () => {
  const folder = await mkdtemp(join(tmpdir(), "berth-file-source-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, "content");
  const content = Buffer.concat(Array.from({ length: 7 }, (_, at) => Buffer.alloc(1_000_000, at + 1)));
  await writeFile(path, content);
  const source = await fileSource(path);
  for (const offset of [0, 3_456_789, 7_000_000]) {
    const copies = [];
    const buffers = new Set<ArrayBufferLike>();
    for await (const chunk of source.openPassing?.(offset) ?? []) {
      copies.push(Uint8Array.from(chunk));
      buffers.add(chunk.buffer);
    }
    expect(Buffer.concat(copies).equals(content.subarray(offset))).toBe(true);
    expect(buffers.size).toBeLessThanOrEqual(4);
  }
  const chunks = source.openPassing?.()[Symbol.asyncIterator]();
  const held: Uint8Array[] = [];
  for (let count = 0; count < 4; count++) held.push((await chunks?.next())?.value ?? new Uint8Array());
  expect(Buffer.concat(held).equals(content.subarray(0, 4 * 1_048_576))).toBe(true); // three more may be asked for before one changes
  await chunks?.return?.();
});
