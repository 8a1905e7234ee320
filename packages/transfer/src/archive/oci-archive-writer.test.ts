import { createWriteStream } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { bytesSource, MEDIA_TYPES, type ReadOnlyTarget, replayableSource } from "@berth/oci";
import { digestOf } from "@berth/oci/node";
import { blobFixture, imageManifest, indexManifest, Random, randomImage, randomIndex } from "@berth/testkit/images";
import { temporaryFolder } from "@berth/testkit/temporary-folder";
import { beforeEach, expect, test } from "vitest";
import { copy } from "../copy/copy.ts";
import { createTransferManager } from "../manager/transfer-manager.ts";
import { createMemoryStore } from "../memory/memory-store.ts";
import { MAX_EPOCH } from "../pack/timestamps.ts";
import { pushGraphTo, textOf } from "./archive.test-kit.ts";
import { createOciArchive, type NewOciArchive } from "./oci-archive-writer.ts";
import { openOciArchive } from "./oci-archive.ts";

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await temporaryFolder("archive");
  path = join(folder, "images.tar");
});

const image = randomImage(new Random(1));
const other = randomImage(new Random(2));

test.each(["file", "stream"])("a copy of an index gives the same bytes, whichever of its parts comes first (%s)", async (kind) => {
  const many = randomIndex(
    new Random(4),
    ["amd64", "arm64", "riscv64", "s390x"].map((architecture) => ({ os: "linux", architecture })),
  );
  const store = createMemoryStore();
  await pushGraphTo(store, many, "multi");
  const written: Buffer[] = [];
  for (const pace of [1, 3, 5, 11]) {
    let calls = 0;
    const source: ReadOnlyTarget = {
      resolve: async (reference) => await store.resolve(reference),
      fetch: async (target, options) => {
        for (let turns = (++calls * pace * 7) % 13; turns > 0; turns--) await new Promise(setImmediate);
        return await store.fetch(target, options);
      },
    };
    const out = join(folder, `${kind}-${pace}`);
    const stream = kind === "stream" ? createWriteStream(out) : undefined;
    const archive = await createOciArchive(stream ?? out);
    await copy(source, "multi", archive, ["multi"], { manager: createTransferManager({ downloads: 3 }) });
    await archive.finish();
    if (stream !== undefined) await promisify(stream.end.bind(stream))();
    written.push(await readFile(out));
  }
  expect(new Set(written.map((bytes) => digestOf(bytes))).size).toBe(1);
});

test("the same content in the same order gives the same bytes; the time can be chosen", async () => {
  const paths = await Promise.all(
    [0, 0, 1_700_000_000].map(async (epoch, number) => {
      const out = join(folder, String(number));
      const archive = await createOciArchive(out, { epoch });
      await pushGraphTo(archive, image, "b");
      await pushGraphTo(archive, other, "a");
      await archive.finish();
      return out;
    }),
  );
  const [first, second, third] = await Promise.all(paths.map((one) => readFile(one)));
  expect(first?.equals(second ?? Buffer.of())).toBe(true);
  expect(first?.equals(third ?? Buffer.of())).toBe(false);
  await expect(createOciArchive(path, { epoch: MAX_EPOCH + 1 })).rejects.toThrow(RangeError);
});

test("what is pushed can be seen and read before the end, by tag and digest", async () => {
  await using archive = await createOciArchive(path);
  await pushGraphTo(archive, image, "v1");
  expect(await archive.resolve("v1")).toEqual(image.manifest.descriptor);
  expect(await archive.resolve(image.manifest.digest)).toEqual(image.manifest.descriptor);
  expect(await archive.exists(image.manifest.descriptor)).toBe(true);
  expect(await archive.exists(other.manifest.descriptor)).toBe(false);
  expect(await textOf(await archive.fetch(image.manifest.descriptor))).toBe(image.manifest.bytes.toString());
  await expect(archive.fetch(other.manifest.descriptor)).rejects.toMatchObject({ code: "ERR_NOT_FOUND" });
  await expect(archive.tag(other.manifest.descriptor, "x")).rejects.toMatchObject({ code: "ERR_NOT_FOUND" });
});

test("giving up leaves what was there before, and nothing else", async () => {
  await writeFile(path, "before");
  const archive = await createOciArchive(path);
  await pushGraphTo(archive, image, "v1");
  await archive.abort();
  await archive.abort();
  expect(await readdir(folder)).toEqual(["images.tar"]);
  expect(await readFile(path, "utf8")).toBe("before");
  await expect(archive.finish()).rejects.toMatchObject({ code: "ERR_ARCHIVE_CLOSED" });
  await expect(archive.push(other.manifest.descriptor, bytesSource(other.manifest.bytes))).rejects.toMatchObject({
    code: "ERR_ARCHIVE_CLOSED",
  });
});

test("content that is not what was promised is refused, leaves no trace, and may come again", async () => {
  const layer = blobFixture(MEDIA_TYPES.ociLayer, Buffer.alloc(3_000_000, "layer"));
  const { descriptor, bytes } = layer;
  const wrong = Buffer.from(bytes);
  wrong[1_500_000] = 0;
  const manifest = imageManifest({ layers: [descriptor] });
  const archive = await createOciArchive(path);
  await expect(archive.push(descriptor, bytesSource(wrong))).rejects.toMatchObject({ code: "ERR_DIGEST_MISMATCH" });
  await expect(archive.push(descriptor, bytesSource(bytes.subarray(1)))).rejects.toMatchObject({ code: "ERR_SIZE_MISMATCH" });
  await expect(archive.push(descriptor, bytesSource(Buffer.concat([bytes, bytes])))).rejects.toMatchObject({ code: "ERR_SIZE_MISMATCH" });
  expect(await archive.exists(descriptor)).toBe(false);
  await pushGraphTo(archive, other, "other"); // lies behind the gap
  await archive.finish();
  await using read = await openOciArchive(path);
  await expect(read.fetch(descriptor)).rejects.toMatchObject({ code: "ERR_NOT_FOUND" });
  expect(await read.resolve("other")).toEqual(other.manifest.descriptor);
  for (const blob of other.blobs) expect(await textOf(await read.fetch(blob.descriptor))).toBe(blob.bytes.toString());
  expect((await readFile(path)).byteLength).toBeLessThan(1_000_000);
  expect(manifest.descriptor.size).toBeGreaterThan(0);
});

test("[engine/T11,T12] a cut push goes on where it ended; when that gives something else, all is read again", async () => {
  const { descriptor, bytes } = blobFixture(MEDIA_TYPES.ociLayer, Buffer.alloc(4 << 20, "abcdefg"));
  const opened: number[] = [];
  const cutAt = 3 << 20;
  const source = (content: Buffer, end: number) =>
    replayableSource(bytes.byteLength, async function* (offset) {
      opened.push(offset);
      for (let at = offset; at < end; at += 1 << 18) yield content.subarray(at, Math.min(at + (1 << 18), end));
      if (end < bytes.byteLength) throw new Error("cut");
    });
  const stored = async (archive: NewOciArchive): Promise<boolean> => {
    await archive.finish();
    await using read = await openOciArchive(path);
    return Buffer.concat(await Array.fromAsync(await read.fetch(descriptor))).equals(bytes);
  };
  const archive = await createOciArchive(path);
  await expect(archive.push(descriptor, source(bytes, cutAt))).rejects.toThrow("cut");
  await archive.push(descriptor, source(bytes, bytes.byteLength));
  expect(opened).toEqual([0, cutAt]);
  expect(await stored(archive)).toBe(true);

  opened.length = 0;
  const flipped = Buffer.from(bytes);
  flipped[10] = 0;
  const again = await createOciArchive(path);
  await expect(again.push(descriptor, source(flipped, cutAt))).rejects.toThrow("cut");
  await again.push(descriptor, source(bytes, bytes.byteLength));
  expect(opened).toEqual([0, cutAt, 0]);
  expect(await stored(again)).toBe(true);

  opened.length = 0;
  const never = await createOciArchive(path);
  await expect(never.push(descriptor, source(bytes, cutAt))).rejects.toThrow("cut");
  const wrong = source(flipped.fill(0, cutAt), bytes.byteLength);
  await expect(never.push(descriptor, wrong)).rejects.toMatchObject({ code: "ERR_DIGEST_MISMATCH" });
  expect(opened).toEqual([0, cutAt, 0]); // all once more, and no more than that
  expect(await never.exists(descriptor)).toBe(false);
  await never.abort();
});

test("the same blob pushed many times at once is read once", async () => {
  const { descriptor, bytes } = other.blobs[1] ?? other.manifest;
  let reads = 0;
  const source = replayableSource(bytes.byteLength, async function* () {
    reads++;
    yield bytes;
  });
  await using archive = await createOciArchive(path);
  await Promise.all(Array.from({ length: 5 }, () => archive.push(descriptor, source)));
  expect(reads).toBe(1);
});

test("aborting a push rejects with the signal's reason, though the source never moves again", async () => {
  const { descriptor } = blobFixture(MEDIA_TYPES.ociLayer, Buffer.from("never"));
  const stuck = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => undefined) }) };
  const controller = new AbortController();
  const reason = new Error("enough");
  const archive = await createOciArchive(path);
  const pushing = archive.push(descriptor, stuck, { signal: controller.signal });
  controller.abort(reason);
  await expect(pushing).rejects.toBe(reason);
  await archive.abort();
  expect(await readdir(folder)).toEqual([]);
});

test("a path that cannot be written fails at once", async () => {
  await expect(createOciArchive(folder)).rejects.toMatchObject({ code: "EISDIR" });
  await expect(createOciArchive(join(folder, "missing", "x.tar"))).rejects.toMatchObject({ code: "ENOENT" });
});

test("a manifest that is none is refused", async () => {
  await using archive = await createOciArchive(path, { maxManifestBytes: 1000 });
  const bad = blobFixture(MEDIA_TYPES.ociManifest, Buffer.from("[]"));
  await expect(archive.push(bad.descriptor, bytesSource(bad.bytes))).rejects.toMatchObject({ code: "ERR_INVALID_MANIFEST" });
  const large = indexManifest([], { annotations: { a: "x".repeat(1000) } });
  await expect(archive.push(large.descriptor, bytesSource(large.bytes))).rejects.toMatchObject({ code: "ERR_LIMIT_EXCEEDED" });
});
