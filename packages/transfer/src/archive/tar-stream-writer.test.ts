import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Writable } from "node:stream";
import { bytesSource, MEDIA_TYPES } from "@berth/oci";
import { blobFixture, imageManifest, Random, randomImage } from "@berth/testkit/images";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { pushGraphTo, textOf } from "./archive.test-kit.ts";
import { createOciArchive } from "./oci-archive-writer.ts";
import { openOciArchive } from "./oci-archive.ts";

let temporaryFolder: string;
beforeEach(async () => {
  temporaryFolder = await mkdtemp(join(tmpdir(), "berth-stream-"));
});
afterEach(async () => {
  expect(await readdir(temporaryFolder)).toEqual([]);
  await rm(temporaryFolder, { recursive: true });
});

const image = randomImage(new Random(21));
const large = blobFixture(MEDIA_TYPES.ociLayer, Buffer.alloc(2_500_000, "content"));

test("an archive on a stream is read back from it, by way of temporary files; the stream stays open", async () => {
  const stream = new PassThrough();
  const reading = openOciArchive(stream, { temporaryFolder });
  const archive = await createOciArchive(stream, { temporaryFolder });
  await Promise.all([archive.push(large.descriptor, bytesSource(large.bytes)), pushGraphTo(archive, image, "v1")]);
  await archive.push(large.descriptor, bytesSource(large.bytes));
  expect(await archive.exists(large.descriptor)).toBe(true);
  await expect(archive.fetch(large.descriptor)).rejects.toMatchObject({ code: "ERR_UNSUPPORTED" });
  await archive.finish();
  expect(stream.writable).toBe(true);
  stream.end();
  await using read = await reading;
  expect(await read.resolve("v1")).toEqual(image.manifest.descriptor);
  expect((await textOf(await read.fetch(large.descriptor))).length).toBe(2_500_000);
  await expect(archive.finish()).rejects.toMatchObject({ code: "ERR_ARCHIVE_CLOSED" });
});

test("content that is wrong never reaches the stream, and may come again", async () => {
  const stream = new PassThrough();
  const collected = Array.fromAsync(stream);
  const archive = await createOciArchive(stream, { temporaryFolder });
  const wrong = Buffer.from(large.bytes);
  wrong[0] = 0;
  await expect(archive.push(large.descriptor, bytesSource(wrong))).rejects.toMatchObject({ code: "ERR_DIGEST_MISMATCH" });
  await expect(archive.push(large.descriptor, bytesSource(wrong.subarray(5)))).rejects.toMatchObject({ code: "ERR_SIZE_MISMATCH" });
  const manifest = imageManifest({ layers: [large.descriptor] });
  await archive.push(large.descriptor, bytesSource(large.bytes));
  await archive.push(manifest.descriptor, bytesSource(manifest.bytes));
  await archive.finish();
  stream.end();
  await using read = await openOciArchive(bytesSource(Buffer.concat(await collected)), { temporaryFolder });
  expect((await textOf(await read.fetch(large.descriptor))).length).toBe(2_500_000);
});

test("a reader that goes away ends every push with its error, also those that wait for it", async () => {
  const gone = Object.assign(new Error("write EPIPE"), { code: "EPIPE" });
  const stream = new Writable({ highWaterMark: 1, write: (_chunk, _encoding, done) => done(gone) });
  const archive = await createOciArchive(stream, { temporaryFolder });
  const pushes = [large, ...image.blobs].map(({ descriptor, bytes }) => archive.push(descriptor, bytesSource(bytes)));
  for (const result of await Promise.allSettled(pushes)) expect(result).toMatchObject({ status: "rejected", reason: gone });
  await expect(archive.finish()).rejects.toBe(gone);
  await archive.abort();
});

test("giving up stops writing", async () => {
  const stream = new PassThrough();
  const archive = await createOciArchive(stream, { temporaryFolder });
  await archive.abort();
  await expect(archive.push(large.descriptor, bytesSource(large.bytes))).rejects.toMatchObject({ code: "ERR_ARCHIVE_CLOSED" });
  expect(stream.read()).toBe(null);
});

test("[engine/T8] who stops waits for no reader that does not read, nor does giving up", async () => {
  const stream = new Writable({ highWaterMark: 1, write: () => undefined });
  const archive = await createOciArchive(stream, { temporaryFolder });
  const stop = new AbortController();
  const waiting = image.blobs.map(({ descriptor, bytes }) => archive.push(descriptor, bytesSource(bytes), { signal: stop.signal }));
  const begun = archive.push(large.descriptor, bytesSource(large.bytes));
  const results = Promise.allSettled([...waiting, begun]);
  await vi.waitUntil(() => stream.writableLength > 0);
  stop.abort(new Error("enough"));
  for (const push of waiting) await expect(push).rejects.toThrow("enough");
  await archive.abort();
  await expect(begun).rejects.toMatchObject({ code: "ERR_ARCHIVE_CLOSED" });
  await results;
});
