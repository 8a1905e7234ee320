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
