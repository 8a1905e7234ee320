import { mkdir, readdir, writeFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import { MEDIA_TYPES } from "@berth/oci";
import { digestOf } from "@berth/oci/node";
import { createScratch, type Scratch } from "@berth/testkit/parts";
import { afterEach, beforeEach, expect, test } from "vitest";
import { layerFromFiles } from "./layer-from-files.ts";

let scratch: Scratch;
beforeEach(async () => {
  scratch = await createScratch();
});
afterEach(async () => {
  await scratch.remove();
});

test("layerFromFiles() tells the digests of the layer and of the archive in it", async () => {
  await writeFile(scratch.join("file"), "content");
  await mkdir(scratch.join("temporary"));
  const options = { temporaryFolder: scratch.join("temporary") };
  {
    await using layer = await layerFromFiles([{ path: scratch.join("file"), name: "/etc/file" }], options);
    const bytes = Buffer.concat(await Array.fromAsync(layer.source));
    expect(layer.descriptor).toEqual({ mediaType: MEDIA_TYPES.ociLayerGzip, digest: digestOf(bytes), size: bytes.byteLength });
    expect(layer.diffId).toBe(digestOf(gunzipSync(bytes)));
    await using plain = await layerFromFiles([{ path: scratch.join("file"), name: "/etc/file" }], { ...options, compression: "none" });
    expect(plain.descriptor).toMatchObject({ mediaType: MEDIA_TYPES.ociLayer, digest: layer.diffId });
    await using zstd = await layerFromFiles([{ path: scratch.join("file"), name: "/etc/file" }], { ...options, compression: "zstd" });
    expect([zstd.descriptor.mediaType, zstd.diffId]).toEqual([MEDIA_TYPES.ociLayerZstd, layer.diffId]);
  }
  expect(await readdir(scratch.join("temporary"))).toEqual([]);
});

test("layerFromFiles() leaves nothing behind when a file is missing", async () => {
  await mkdir(scratch.join("temporary"));
  const inputs = [{ path: scratch.join("missing"), name: "x" }];
  await expect(layerFromFiles(inputs, { temporaryFolder: scratch.join("temporary") })).rejects.toMatchObject({ code: "ENOENT" });
  expect(await readdir(scratch.join("temporary"))).toEqual([]);
});
