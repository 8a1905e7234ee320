import { mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { bytesSource, type Descriptor, MEDIA_TYPES } from "@berth/oci";
import { digestOf } from "@berth/oci/node";
import { blobFixture, imageManifest, Random, randomImage, randomIndex } from "@berth/testkit/images";
import { temporaryFolder } from "@berth/testkit/temporary-folder";
import { beforeEach, expect, test } from "vitest";
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
const index = randomIndex(new Random(3), [
  { os: "linux", architecture: "amd64" },
  { os: "linux", architecture: "arm64" },
]);

async function writeArchive(write: (archive: NewOciArchive) => Promise<void>, out = path): Promise<void> {
  const archive = await createOciArchive(out);
  await write(archive);
  await archive.finish();
}

test("[engine/T2] an image, an index and their tags are read back byte for byte", async () => {
  await writeArchive(async (archive) => {
    await pushGraphTo(archive, image, "v1");
    await pushGraphTo(archive, index, "multi");
  });
  expect(await readdir(folder)).toEqual(["images.tar"]);
  await using archive = await openOciArchive(path);
  expect(await Array.fromAsync(archive.tags())).toEqual(["multi", "v1"]);
  expect(await archive.resolve("v1")).toEqual(image.manifest.descriptor);
  expect(await archive.resolve("multi")).toEqual(index.manifest.descriptor);
  for (const graph of [image, index, ...index.children]) {
    for (const { descriptor, bytes } of [graph.manifest, ...graph.blobs]) {
      expect(Buffer.concat(await Array.fromAsync(await archive.fetch(descriptor))).equals(bytes)).toBe(true);
      expect(await archive.resolve(descriptor.digest)).toMatchObject({ digest: descriptor.digest, size: descriptor.size });
    }
  }
});

test.each(["sha384", "sha512"] as const)("content named by %s", async (algorithm) => {
  const bytes = Buffer.from("long names need an extended header");
  const layer: Descriptor = { mediaType: MEDIA_TYPES.ociLayer, digest: digestOf(bytes, algorithm), size: bytes.byteLength };
  const config = blobFixture(MEDIA_TYPES.ociConfig, Buffer.from("{}"));
  const manifest = imageManifest({ config: config.descriptor, layers: [layer] });
  await writeArchive(async (archive) => {
    await archive.push(layer, bytesSource(bytes));
    await archive.push(config.descriptor, bytesSource(config.bytes));
    await archive.push(manifest.descriptor, bytesSource(manifest.bytes));
  });
  await using archive = await openOciArchive(path);
  expect(await textOf(await archive.fetch(layer))).toBe(bytes.toString());
  expect(await archive.resolve("")).toEqual(manifest.descriptor);
});

test.each([
  ["gzip", gzipSync],
  ["zstd", zstdCompressSync],
  ["none", (bytes: Buffer) => bytes],
] as const)("from a stream and a file, compression %s; the temporary file is gone", async (_, compress) => {
  await writeArchive((archive) => pushGraphTo(archive, image, "v1"));
  const bytes = compress(await readFile(path));
  await writeFile(path, bytes);
  const temporaryFolder = await mkdtemp(join(folder, "tmp-"));
  for (const from of [path, bytesSource(bytes)]) {
    await using archive = await openOciArchive(from, { temporaryFolder });
    expect(await archive.resolve("v1")).toEqual(image.manifest.descriptor);
    expect(await readdir(temporaryFolder)).toEqual([]);
  }
});

test("part of a blob, and a stream that is left", async () => {
  await writeArchive((archive) => pushGraphTo(archive, image, "v1"));
  await using archive = await openOciArchive(path);
  const { descriptor, bytes } = image.blobs[0] ?? other.manifest;
  expect(await textOf(await archive.fetch(descriptor, { offset: 5, length: 7 }))).toBe(bytes.subarray(5, 12).toString());
  expect(await textOf(await archive.fetch(descriptor, { offset: descriptor.size + 5 }))).toBe("");
  (await archive.fetch(descriptor)).destroy();
});

test("[engine/T16] an artifact and its referrers: predecessors and referrers are found", async () => {
  const layer = blobFixture("text/plain", Buffer.from("signature"));
  const empty = blobFixture(MEDIA_TYPES.ociEmpty, Buffer.from("{}"));
  const signature = imageManifest({
    config: empty.descriptor,
    layers: [layer.descriptor],
    subject: image.manifest.descriptor,
    artifactType: "application/x-signature",
  });
  await writeArchive(async (archive) => {
    await pushGraphTo(archive, image, "v1");
    for (const { descriptor, bytes } of [layer, empty, signature]) await archive.push(descriptor, bytesSource(bytes));
  });
  await using archive = await openOciArchive(path);
  const referrer = { ...signature.descriptor, artifactType: "application/x-signature" };
  expect(await Array.fromAsync(archive.referrers(image.manifest.descriptor))).toEqual([referrer]);
  expect(await Array.fromAsync(archive.referrers(image.manifest.descriptor, { artifactType: "other" }))).toEqual([]);
  expect(await archive.predecessors(layer.descriptor)).toEqual([signature.descriptor]);
  expect(archive.manifests.map(({ digest }) => digest)).toEqual([image.manifest.digest, signature.digest]);
});

test("whole names, short ones, the only image, and what is not there or not clear", async () => {
  await writeArchive(async (archive) => {
    await pushGraphTo(archive, image, "docker.io/library/app:v1");
    await pushGraphTo(archive, other, "quay.io/team/app:v2");
    await archive.tag(other.manifest.descriptor, "quay.io/team/tool:v1");
  });
  await using archive = await openOciArchive(path);
  expect(await archive.resolve("app:v1")).toEqual(image.manifest.descriptor);
  expect(await archive.resolve("v2")).toEqual(other.manifest.descriptor);
  await expect(archive.resolve("")).rejects.toMatchObject({ code: "ERR_AMBIGUOUS_NAME" });
  await expect(archive.resolve("v1")).rejects.toMatchObject({ code: "ERR_AMBIGUOUS_NAME" });
  await expect(archive.resolve("v3")).rejects.toMatchObject({ code: "ERR_NOT_FOUND" });
  await expect(archive.resolve(digestOf("nothing"))).rejects.toMatchObject({ code: "ERR_NOT_FOUND" });
  expect(await Array.fromAsync(archive.tags({ last: "docker.io/library/app:v1" }))).toEqual([
    "quay.io/team/app:v2",
    "quay.io/team/tool:v1",
  ]);
});
