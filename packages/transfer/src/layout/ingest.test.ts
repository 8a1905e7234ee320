import { appendFile, readFile, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { Descriptor, FetchOptions } from "@berth/oci";
import { blobFixture } from "@berth/testkit/images";
import { expect, test } from "vitest";
import { failingAfter, inChunks } from "../testing/target-contract.test-kit.ts";
import type { OciLayout } from "./oci-layout.ts";
import { openLayout } from "./open-layout.ts";
import { CUT, recordingSource } from "./testing/recording-source.test-kit.ts";
import { ingestOf, temporaryLayout } from "./testing/temporary-layout.test-kit.ts";

const MIB = 1 << 20;
const bytes = Buffer.alloc(
  10 * MIB,
  Uint8Array.from({ length: 65_537 }, (_, at) => at * at),
);
const { descriptor } = blobFixture("application/octet-stream", bytes);

const partialOf = (layout: OciLayout, { digest }: Descriptor): string => join(layout.folder, "ingest", digest.replace(":", "-"));

/** The same with another byte in it. */
function flip(content: Uint8Array): Uint8Array {
  const changed = Buffer.from(content);
  changed.writeUInt8(changed.readUInt8(100) ^ 1, 100);
  return changed;
}

async function contentOf(layout: OciLayout): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(await layout.fetch(descriptor)));
}

async function passingContentOf(layout: OciLayout, options?: FetchOptions): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of layout.fetchPassing(descriptor, options)) chunks.push(Buffer.from(chunk)); // its memory is used again
  return Buffer.concat(chunks);
}

/** A layout that has the first six tenths. */
async function cutLayout(): Promise<OciLayout> {
  const layout = await temporaryLayout();
  await expect(layout.push(descriptor, recordingSource(bytes, { cutAt: () => 6 * MIB }))).rejects.toBe(CUT);
  expect(await layout.exists(descriptor)).toBe(false);
  return layout;
}

test("[engine/T11] a push that was cut goes on where it stopped, in another process too", async () => {
  const layout = await cutLayout();
  expect((await stat(partialOf(layout, descriptor))).size).toBe(6 * MIB);
  const source = recordingSource(bytes);
  await (await openLayout(layout.folder)).push(descriptor, source);
  expect(source.offsets).toEqual([6 * MIB]);
  expect(source.bytesRead).toBe(4 * MIB);
  expect((await contentOf(layout)).equals(bytes)).toBe(true);
  expect(await ingestOf(layout)).toEqual([]);
});

test("[engine/T11] many cuts cost no more than the content", async () => {
  const layout = await temporaryLayout();
  const source = recordingSource(bytes, { cutAt: (attempt) => (attempt < 8 ? (attempt + 1.5) * MIB : undefined) });
  for (let cuts = 0; cuts < 8; cuts++) await expect(layout.push(descriptor, source)).rejects.toBe(CUT);
  await layout.push(descriptor, source);
  expect(source.offsets).toHaveLength(9);
  expect(source.bytesRead).toBeLessThan(1.1 * descriptor.size);
  expect((await contentOf(layout)).equals(bytes)).toBe(true);
});

test("[engine/T12] a source that gives the whole again is noticed, and the push starts over by itself", async () => {
  const layout = await cutLayout();
  const source = recordingSource(bytes, { tamper: (rest, attempt) => (attempt === 0 ? bytes : rest) });
  await layout.push(descriptor, source);
  expect(source.offsets).toEqual([6 * MIB, 0]);
  expect((await contentOf(layout)).equals(bytes)).toBe(true);
});

test("[engine/T12] a wrong byte after a resume costs one restart", async () => {
  const layout = await cutLayout();
  const source = recordingSource(bytes, { tamper: (rest, attempt) => (attempt === 0 ? flip(rest) : rest) });
  await layout.push(descriptor, source);
  expect(source.offsets).toEqual([6 * MIB, 0]);
  expect((await contentOf(layout)).equals(bytes)).toBe(true);
});

test("[engine/T12] wrong bytes after the restart too are a mismatch, and nothing stays", async () => {
  const layout = await cutLayout();
  const source = recordingSource(bytes, { tamper: flip });
  await expect(layout.push(descriptor, source)).rejects.toMatchObject({ code: "ERR_DIGEST_MISMATCH", expected: descriptor.digest });
  expect(source.offsets).toEqual([6 * MIB, 0]);
  expect(await ingestOf(layout)).toEqual([]);
  expect(await layout.exists(descriptor)).toBe(false);
});

test("[engine/T12] wrong content is not asked for again when it came fresh", async () => {
  const layout = await temporaryLayout();
  const source = recordingSource(bytes, { tamper: flip });
  await expect(layout.push(descriptor, source)).rejects.toMatchObject({ code: "ERR_DIGEST_MISMATCH" });
  expect(source.offsets).toEqual([0]);
  expect(await ingestOf(layout)).toEqual([]);
});

test("a partial that is damaged costs one restart", async () => {
  const layout = await cutLayout();
  const path = partialOf(layout, descriptor);
  await writeFile(path, flip(await readFile(path)));
  const source = recordingSource(bytes);
  await layout.push(descriptor, source);
  expect(source.offsets).toEqual([6 * MIB, 0]);
  expect((await contentOf(layout)).equals(bytes)).toBe(true);
});

test("a partial that is longer than the content is thrown away", async () => {
  const layout = await cutLayout();
  await appendFile(partialOf(layout, descriptor), Buffer.alloc(5 * MIB));
  const source = recordingSource(bytes);
  await layout.push(descriptor, source);
  expect(source.offsets).toEqual([0]);
  expect((await contentOf(layout)).equals(bytes)).toBe(true);
});

test("a partial that is whole is taken without asking for a byte", async () => {
  const layout = await cutLayout();
  await writeFile(partialOf(layout, descriptor), bytes);
  const source = recordingSource(bytes);
  await layout.push(descriptor, source);
  expect(source.offsets).toEqual([]);
  expect((await contentOf(layout)).equals(bytes)).toBe(true);
});

test("what came of large content stays when a push stops, of small content it does not", async () => {
  const layout = await temporaryLayout();
  const reason = new Error("enough");
  await expect(layout.push(descriptor, failingAfter(bytes.subarray(0, MIB + 1), reason))).rejects.toBe(reason);
  expect((await stat(partialOf(layout, descriptor))).size).toBe(MIB + 1);
  const other = blobFixture("application/octet-stream", bytes.subarray(1, 4 * MIB));
  await expect(layout.push(other.descriptor, failingAfter(other.bytes.subarray(0, MIB), reason))).rejects.toBe(reason);
  expect(await ingestOf(layout)).toEqual([descriptor.digest.replace(":", "-")]);
});

test("an abort keeps what came, and wakes a push that waits for bytes", async () => {
  const layout = await temporaryLayout();
  const stalled = new Readable({ read: () => undefined });
  for (let at = 0; at < 2 * MIB; at += 65_536) stalled.push(bytes.subarray(at, at + 65_536));
  const controller = new AbortController();
  const reason = new Error("enough");
  const push = layout.push(descriptor, stalled, { signal: controller.signal });
  await expect.poll(() => stalled.readableLength).toBe(0);
  controller.abort(reason);
  await expect(push).rejects.toBe(reason);
  expect(stalled.destroyed).toBe(true);
  expect((await stat(partialOf(layout, descriptor))).size).toBe(2 * MIB);
});

test("a stream that can be read once leaves what a resumable push may need", async () => {
  const layout = await cutLayout();
  const reason = new Error("enough");
  await expect(layout.push(descriptor, failingAfter(bytes.subarray(0, 3 * MIB), reason))).rejects.toBe(reason);
  expect((await stat(partialOf(layout, descriptor))).size).toBe(6 * MIB);
  await layout.push(descriptor, inChunks(bytes, [100_000]));
  expect((await contentOf(layout)).equals(bytes)).toBe(true);
  expect(await ingestOf(layout)).toEqual([]);
});

test("[engine/T8] pushes of the same content at the same time read one source; when it fails the next takes over", async () => {
  const layout = await temporaryLayout();
  const [begun, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield bytes.subarray(0, 5 * MIB);
    begun.resolve();
    await gate.promise;
    throw CUT;
  }
  const first = layout.push(descriptor, failing());
  await begun.promise;
  const others = Array.from({ length: 3 }, () => recordingSource(bytes));
  const pushes = others.map(async (source) => await layout.push(descriptor, source));
  gate.resolve();
  await expect(first).rejects.toBe(CUT);
  await Promise.all(pushes);
  expect(others.map(({ offsets }) => offsets).filter((offsets) => offsets.length > 0)).toEqual([[5 * MIB]]);
});

test("who waits for another push can stop waiting", async () => {
  const layout = await temporaryLayout();
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  async function* gated(): AsyncGenerator<Uint8Array> {
    await gate;
    yield bytes;
  }
  const first = layout.push(descriptor, gated());
  const controller = new AbortController();
  const reason = new Error("enough");
  const second = layout.push(descriptor, recordingSource(bytes), { signal: controller.signal });
  controller.abort(reason);
  await expect(second).rejects.toBe(reason);
  open();
  await first;
  expect(await layout.exists(descriptor)).toBe(true);
});

test("content that is there lets go of an open stream", async () => {
  const layout = await temporaryLayout();
  const { bytes: small, descriptor: smallDescriptor } = blobFixture("text/plain", Buffer.from("small"));
  await layout.push(smallDescriptor, Readable.from([small]));
  const unread = Readable.from([small]);
  await layout.push(smallDescriptor, unread);
  expect(unread.destroyed).toBe(true);
});

test("a file that was cut short is not there, and is pushed again", async () => {
  const layout = await temporaryLayout();
  await layout.push(descriptor, recordingSource(bytes));
  const path = join(layout.folder, "blobs", ...descriptor.digest.split(":"));
  await truncate(path, 1000);
  expect(await layout.exists(descriptor)).toBe(false);
  await expect(layout.fetch(descriptor)).rejects.toMatchObject({ code: "ERR_SIZE_MISMATCH" });
  await expect(passingContentOf(layout)).rejects.toMatchObject({ code: "ERR_SIZE_MISMATCH" });
  await layout.push(descriptor, recordingSource(bytes));
  expect((await contentOf(layout)).equals(bytes)).toBe(true);
});

test("content that was changed on the disk fails instead of ending, when it is read whole", async () => {
  const layout = await temporaryLayout();
  await layout.push(descriptor, recordingSource(bytes));
  await writeFile(join(layout.folder, "blobs", ...descriptor.digest.split(":")), flip(bytes));
  await expect(contentOf(layout)).rejects.toMatchObject({ code: "ERR_DIGEST_MISMATCH" });
  await expect(passingContentOf(layout)).rejects.toMatchObject({ code: "ERR_DIGEST_MISMATCH" });
  const unverified = await Array.fromAsync(await layout.fetch(descriptor, { verify: false }));
  expect(Buffer.concat(unverified).byteLength).toBe(bytes.byteLength);
});

test("content is read in memory that is used again, whole and in parts", async () => {
  const layout = await temporaryLayout();
  await layout.push(descriptor, recordingSource(bytes));
  expect((await passingContentOf(layout)).equals(bytes)).toBe(true);
  expect((await passingContentOf(layout, { offset: 3 * MIB + 1, length: 2 * MIB })).equals(bytes.subarray(3 * MIB + 1, 5 * MIB + 1))).toBe(
    true,
  );
  const memory = new Set<ArrayBufferLike>();
  for await (const { buffer } of layout.fetchPassing(descriptor)) memory.add(buffer);
  expect(memory.size).toBe(4);
  const controller = new AbortController();
  const reason = new Error("enough");
  controller.abort(reason);
  await expect(passingContentOf(layout, { signal: controller.signal })).rejects.toBe(reason);
  await layout.delete(descriptor);
  await expect(passingContentOf(layout)).rejects.toMatchObject({ code: "ERR_NOT_FOUND" });
});
