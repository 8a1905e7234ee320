import { mkdtemp, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { bytesSource, type Descriptor, MEDIA_TYPES } from "@berth/oci";
import { descriptorOf, digestOf } from "@berth/oci/node";
import { blobFixture, imageManifest, Random, randomImage, randomIndex } from "@berth/testkit/images";
import { temporaryFolder } from "@berth/testkit/temporary-folder";
import { beforeEach, describe, expect, test } from "vitest";
import { pushGraphTo, textOf } from "./archive.test-kit.ts";
import { config, image, one, tars, two } from "./docker-archive.test-kit.ts";
import { createDockerArchive } from "./docker-archive-writer.ts";
import { openDockerArchive } from "./docker-archive.ts";

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await temporaryFolder("docker");
  path = join(folder, "saved.tar");
});

const other = randomImage(new Random(12), { family: "docker" });

describe("writing", () => {
  test("[engine/T21,T22] an image is read back: the same config, its layers uncompressed, whatever they were", async () => {
    const layers = [
      { ...descriptorOf(MEDIA_TYPES.ociLayerGzip, gzipSync(one)), bytes: gzipSync(one) },
      { ...descriptorOf(MEDIA_TYPES.ociLayerZstd, zstdCompressSync(two)), bytes: zstdCompressSync(two) },
    ];
    const configBlob = blobFixture(MEDIA_TYPES.ociConfig, config);
    const plain = layers.map(({ mediaType, digest, size }): Descriptor => ({ mediaType, digest, size }));
    const manifest = imageManifest({ config: configBlob.descriptor, layers: plain });
    const temporaryFolder = await mkdtemp(join(folder, "tmp-"));
    const archive = await createDockerArchive(path, { references: ["debian", "quay.io/team/app:v1"], temporaryFolder });
    await Promise.all(layers.map(({ bytes, ...descriptor }) => archive.push(descriptor, bytesSource(bytes))));
    await archive.push(configBlob.descriptor, bytesSource(config));
    await archive.push(manifest.descriptor, bytesSource(manifest.bytes));
    await archive.tag(manifest.descriptor, "v1");
    expect(await archive.resolve("v1")).toEqual(manifest.descriptor);
    expect(await archive.exists(manifest.descriptor)).toBe(true);
    expect(await textOf(await archive.fetch(configBlob.descriptor))).toBe(config.toString());
    await archive.finish();
    expect(await readdir(temporaryFolder)).toEqual([]);
    await using read = await openDockerArchive(path);
    expect(read.images).toEqual([{ repoTags: ["debian:latest", "quay.io/team/app:v1"], config: digestOf(config) }]);
    const found: { readonly config: Descriptor; readonly layers: readonly Descriptor[] } = JSON.parse(
      await textOf(await read.fetch(await read.resolve("debian"))),
    );
    expect(found.layers.map(({ digest }) => digest)).toEqual(tars.map((tar) => digestOf(tar)));
    expect(await textOf(await read.fetch(found.config))).toBe(config.toString());
  });

  test("several images, each with its names; a name moves", async () => {
    const archive = await createDockerArchive(path, { references: ["third:1"] });
    await pushGraphTo(archive, image, "first:1");
    await pushGraphTo(archive, other, "second:1");
    await archive.tag(other.manifest.descriptor, "first:1");
    await archive.finish();
    await using read = await openDockerArchive(path);
    expect(read.images.map(({ repoTags }) => repoTags)).toEqual([[], ["first:1", "second:1", "third:1"]]);
  });

  test("the same image gives the same bytes", async () => {
    const written = await Promise.all(
      ["a", "b"].map(async (name) => {
        const archive = await createDockerArchive(join(folder, name), { epoch: 5 });
        await pushGraphTo(archive, image, "first:1");
        await archive.finish();
        return await readFile(join(folder, name));
      }),
    );
    expect(written[0]?.equals(written[1] ?? Buffer.of())).toBe(true);
  });

  test("an index is refused before anything of it is pushed, and names --platform; an artifact is refused", async () => {
    await using archive = await createDockerArchive(path);
    const index = randomIndex(new Random(1), [{ os: "linux", architecture: "amd64" }]);
    await expect(archive.exists(index.manifest.descriptor)).rejects.toThrow(/--platform/);
    await expect(archive.push(index.manifest.descriptor, bytesSource(index.manifest.bytes))).rejects.toMatchObject({
      code: "ERR_NOT_AN_IMAGE",
    });
    const text = blobFixture("text/plain", Buffer.from("text"));
    await expect(archive.push(text.descriptor, bytesSource(text.bytes))).rejects.toMatchObject({ code: "ERR_NOT_AN_IMAGE" });
    const artifact = imageManifest({ artifactType: "application/x" });
    await expect(archive.push(artifact.descriptor, bytesSource(artifact.bytes))).rejects.toMatchObject({ code: "ERR_NOT_AN_IMAGE" });
    await expect(archive.finish()).rejects.toMatchObject({ code: "ERR_UNSUPPORTED" });
  });

  test("[engine/T20] an image with swapped layers is refused, and nothing of it stays", async () => {
    const archive = await createDockerArchive(path);
    const layers = tars.map((tar) => blobFixture(MEDIA_TYPES.ociLayer, tar));
    for (const { descriptor, bytes } of layers) await archive.push(descriptor, bytesSource(bytes));
    const configBlob = blobFixture(MEDIA_TYPES.ociConfig, config);
    const swapped = imageManifest({ config: configBlob.descriptor, layers: layers.map(({ descriptor }) => descriptor).toReversed() });
    await expect(archive.push(swapped.descriptor, bytesSource(swapped.bytes))).rejects.toMatchObject({ code: "ERR_MANIFEST_BLOB_UNKNOWN" });
    await archive.push(configBlob.descriptor, bytesSource(config));
    await expect(archive.push(swapped.descriptor, bytesSource(swapped.bytes))).rejects.toMatchObject({
      code: "ERR_ROOTFS_MISMATCH",
      layer: 0,
    });
    await archive.abort();
    expect(await readdir(folder)).toEqual([]);
  });

  test("a layer that is damaged, wrong or too large leaves nothing behind", async () => {
    const temporaryFolder = await mkdtemp(join(folder, "tmp-"));
    const archive = await createDockerArchive(path, { maxSpoolBytes: 100_000, temporaryFolder });
    const layer = blobFixture(MEDIA_TYPES.ociLayerGzip, gzipSync(one));
    const cut = blobFixture(MEDIA_TYPES.ociLayerGzip, gzipSync(one).subarray(0, -20));
    const bomb = blobFixture(MEDIA_TYPES.ociLayerGzip, gzipSync(Buffer.alloc(200_000)));
    await expect(archive.push(layer.descriptor, bytesSource(cut.bytes))).rejects.toMatchObject({ code: expect.stringMatching(/^ERR_/) });
    await expect(archive.push(cut.descriptor, bytesSource(cut.bytes))).rejects.toMatchObject({ code: "ERR_INVALID_LAYER" });
    await expect(archive.push(bomb.descriptor, bytesSource(bomb.bytes))).rejects.toMatchObject({ code: "ERR_LIMIT_EXCEEDED" });
    await archive.abort();
    expect(await readdir(temporaryFolder)).toEqual([]);
    expect(await readdir(folder)).toEqual([expect.stringMatching(/^tmp-/)]);
  });

  test("a layer is unpacked beyond the usual ratio for who allows it", async () => {
    const zeros = Buffer.alloc(2_000_000);
    const layer = blobFixture(MEDIA_TYPES.ociLayerGzip, gzipSync(zeros));
    const strict = await createDockerArchive(path, { ratioFloor: 0, maxRatio: 100 });
    await expect(strict.push(layer.descriptor, bytesSource(layer.bytes))).rejects.toThrow("the limit is 100 (maxRatio)");
    await strict.abort();
    await using archive = await createDockerArchive(path, { ratioFloor: 0, maxRatio: 2000 });
    await archive.push(layer.descriptor, bytesSource(layer.bytes));
    expect(await archive.exists(layer.descriptor)).toBe(true);
  });

  test("names that are none are refused", async () => {
    await expect(createDockerArchive(path, { references: ["Not A Name"] })).rejects.toMatchObject({ code: "ERR_INVALID_REFERENCE" });
    await expect(createDockerArchive(path, { references: [`a@${digestOf("x")}`] })).rejects.toMatchObject({
      code: "ERR_INVALID_REFERENCE",
    });
  });
});
