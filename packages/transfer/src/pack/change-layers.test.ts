import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { type Descriptor, isJsonObject, type JsonObject, MEDIA_TYPES } from "@berth/oci";
import { digestOf, readAllVerified } from "@berth/oci/node";
import { temporaryFolder } from "@berth/testkit/temporary-folder";
import { describe, expect, test } from "vitest";
import { flatten } from "../image/flatten.ts";
import { listFiles } from "../image/list-files.ts";
import { readFileOf } from "../image/read-file.ts";
import { bytesOf, imageOf, tarOf, type TestImage } from "../image/testing/archives.ts";
import { validateImage } from "../image/validate-image.ts";
import { verifyImage } from "../image/verify-image.ts";
import { createMemoryStore, type MemoryTarget } from "../memory/memory-store.ts";
import { appendLayer } from "./append-layer.ts";
import { flattenImage } from "./flatten-image.ts";
import { recompressLayers } from "./recompress-layers.ts";

const tars = [tarOf({ path: "a", text: "1" }, { path: "b", text: "1" }), tarOf({ path: ".wh.a" }, { path: "c", text: "2" })];
const added = tarOf({ path: "new", text: "3" }, { path: ".wh.b" });
const steps = [{ created_by: "base" }, { created_by: "ENV", empty_layer: true }, { created_by: "top" }];

async function documentOf(store: MemoryTarget, descriptor: Descriptor): Promise<JsonObject> {
  const value: unknown = JSON.parse((await readAllVerified(await store.fetch(descriptor), descriptor)).toString());
  return isJsonObject(value) ? value : {};
}

async function configOf(store: MemoryTarget, image: Descriptor): Promise<JsonObject> {
  return await documentOf(store, (await verifyImage(store, image)).config);
}

async function pathsOf(store: MemoryTarget, image: Descriptor): Promise<readonly string[]> {
  return (await Array.fromAsync(listFiles(store, image), ({ path }) => path)).toSorted();
}

function indexOf(image: TestImage, mediaType: string = MEDIA_TYPES.ociIndex): Descriptor {
  const platform = { os: "linux", architecture: "amd64" };
  return image.add(mediaType, { schemaVersion: 2, mediaType, manifests: [{ ...image.descriptor, platform }] });
}

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

describe("appendLayer()", () => {
  test("takes what it compressed itself however small it came out, and what others compressed within the limits", async () => {
    const image = imageOf(tars, {});
    const zeros = tarOf({ path: "zeros", text: "\0".repeat(100_000) });
    const limits = { maxRatio: 100, ratioFloor: 0 };
    for (const compression of ["gzip", "zstd"] as const) {
      const store = createMemoryStore();
      const made = await appendLayer(image, image.descriptor, one(zeros), store, { compression, limits });
      expect(await pathsOf(store, made)).toContain("zeros");
      expect((await validateImage(store, made, { limits })).problems).toMatchObject([{ error: { code: "ERR_LIMIT_EXCEEDED" } }]);
    }
    const given = appendLayer(image, image.descriptor, one(gzipSync(zeros)), createMemoryStore(), { limits });
    await expect(given).rejects.toThrow("the limit is 100 (maxRatio)");
  });

  test.each([
    ["oci", "gzip", MEDIA_TYPES.ociLayerGzip],
    ["oci", "zstd", MEDIA_TYPES.ociLayerZstd],
    ["docker", "gzip", MEDIA_TYPES.dockerLayerGzip],
  ] as const)("puts a layer on top of an image: %s, %s", async (family, compression, mediaType) => {
    const image = imageOf(tars, { family, config: { history: steps, config: { Labels: { kept: "yes" } }, other: 1.5 } });
    const store = createMemoryStore();
    const options = { compression, epoch: 1_600_000_000, createdBy: "a test", comment: "why" };
    const made = await appendLayer(image, image.descriptor, one(added), store, options);
    const manifest = await documentOf(store, made);
    expect([made.mediaType, manifest["layers"]]).toEqual([
      image.descriptor.mediaType,
      [...image.manifest.layers, { mediaType, digest: expect.any(String), size: expect.any(Number) }],
    ]);
    expect(await configOf(store, made)).toEqual({
      architecture: "amd64",
      os: "linux",
      created: "2020-09-13T12:26:40Z",
      config: { Labels: { kept: "yes" } },
      other: 1.5,
      history: [...steps, { created: "2020-09-13T12:26:40Z", created_by: "a test", comment: "why" }],
      rootfs: { type: "layers", diff_ids: [...tars, added].map((tar) => digestOf(tar)) },
    });
    expect(await pathsOf(store, made)).toEqual(["c", "new"]);
    expect(await appendLayer(image, image.descriptor, one(gzipSync(added)), createMemoryStore(), options)).toEqual(made);
  });

  test("takes files, and every image of an index or those of a platform", async () => {
    const folder = await temporaryFolder("append");
    await writeFile(join(folder, "file"), "from disk");
    const image = imageOf(tars);
    const store = createMemoryStore();
    const input = [{ path: folder, name: "opt/tool" }];
    const index = await appendLayer(image, indexOf(image), input, store);
    const alone = await appendLayer(image, image.descriptor, input, store);
    expect((await documentOf(store, index))["manifests"]).toMatchObject([{ ...alone, platform: { os: "linux", architecture: "amd64" } }]);
    const platform = { os: "linux", architecture: "amd64" };
    const file = await readFileOf(store, index, "/opt/tool/file", { platform });
    expect((await bytesOf(file.content)).toString()).toBe("from disk");
    const those = (architecture: string) => ({ platforms: [{ os: "linux", architecture }] });
    expect(await appendLayer(image, indexOf(image), input, store, those("amd64"))).toEqual(index);
    await expect(appendLayer(image, indexOf(image), input, store, those("arm64"))).rejects.toThrow("Cannot find image for linux/arm64");
  });

  test("writes no history where there is none, but for the first layer", async () => {
    const store = createMemoryStore();
    const [some, none] = [imageOf(tars), imageOf([])];
    expect((await configOf(store, await appendLayer(some, some.descriptor, one(added), store)))["history"]).toBeUndefined();
    expect((await configOf(store, await appendLayer(none, none.descriptor, one(added), store)))["history"]).toEqual([
      { created_by: "berth append" },
    ]);
  });

  test("a step without a time of its own has that of the image", async () => {
    const store = createMemoryStore();
    const image = imageOf(tars, { config: { history: steps, created: "2020-01-01T00:00:00Z" } });
    const config = await configOf(store, await appendLayer(image, image.descriptor, one(added), store));
    expect(config).toMatchObject({
      created: "2020-01-01T00:00:00Z",
      history: [...steps, { created: "2020-01-01T00:00:00Z", created_by: "berth append" }],
    });
  });

  test("refuses what is no archive, and pushes nothing then", async () => {
    const image = imageOf(tars);
    const store = createMemoryStore();
    for (const input of [Buffer.alloc(2000, "x"), added.subarray(0, 300), gzipSync(added).subarray(0, 50)]) {
      await expect(appendLayer(image, image.descriptor, one(input), store)).rejects.toMatchObject({ code: "ERR_INVALID_LAYER" });
    }
    await expect(appendLayer(image, image.descriptor, one(tarOf({ path: "../x" })), store)).rejects.toMatchObject({
      code: "ERR_UNSAFE_ENTRY",
    });
    expect(store.bytes).toBe(0);
  });
});

describe("recompressLayers()", () => {
  test.each([
    ["gzip", "zstd", "oci"],
    ["zstd", "gzip", "oci"],
    ["none", "zstd", "oci"],
    ["zstd", "none", "oci"],
    ["gzip", "zstd", "docker"],
  ] as const)("[engine/T21,T22] makes %s layers %s in an image of %s, with the same config", async (from, to, family) => {
    const image = imageOf(tars, { compression: from, family });
    const store = createMemoryStore();
    const made = await recompressLayers(image, image.descriptor, store, { to });
    const verified = await verifyImage(store, made);
    expect(verified.config).toEqual(image.manifest.config);
    expect(verified.layers.map(({ diffId }) => diffId)).toEqual(tars.map((tar) => digestOf(tar)));
    expect(verified.layers.every(({ descriptor }, at) => descriptor.digest !== image.manifest.layers[at]?.digest)).toBe(true);
    expect(verified.layers[0]?.descriptor.mediaType.endsWith(to === "none" ? "tar" : to)).toBe(true);
    expect(await recompressLayers(image, image.descriptor, createMemoryStore(), { to })).toEqual(made);
    expect(await recompressLayers(store, made, store, { to })).toEqual(made); // nothing left to do
  });

  test("compresses anew at another level, in every image of an index, and drops notes about the old bytes only", async () => {
    const image = imageOf(tars);
    const layers = image.manifest.layers.map((layer) => ({
      ...layer,
      annotations: { kept: "yes", "containerd.io/snapshot/stargz/toc.digest": "x" },
    }));
    const annotated = image.add(MEDIA_TYPES.ociManifest, {
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.ociManifest,
      config: image.manifest.config,
      layers,
    });
    const index = image.add(MEDIA_TYPES.ociIndex, { schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests: [annotated] });
    const store = createMemoryStore();
    const same = await recompressLayers(image, index, store, { to: "gzip" });
    expect(same.digest).toBe(index.digest);
    const made = await recompressLayers(image, index, store, { to: "gzip", level: 1 });
    expect(made.digest).not.toBe(index.digest);
    expect(await validateImage(store, made)).toMatchObject({ ok: true });
    const one = await recompressLayers(image, annotated, store, { to: "gzip", level: 1 });
    expect((await documentOf(store, made))["manifests"]).toEqual([one]);
    expect((await documentOf(store, one))["layers"]).toMatchObject([{ annotations: { kept: "yes" } }, { annotations: { kept: "yes" } }]);
    expect(JSON.stringify((await documentOf(store, one))["layers"])).not.toContain("stargz");
  });

  test("[engine/T20] refuses layers that are not those of the config, and artifacts", async () => {
    const image = imageOf(tars);
    const store = createMemoryStore();
    const { config, layers } = image.manifest;
    const swapped = image.add(MEDIA_TYPES.ociManifest, { schemaVersion: 2, config, layers: layers.toReversed() });
    await expect(recompressLayers(image, swapped, store, { to: "zstd" })).rejects.toMatchObject({ code: "ERR_ROOTFS_MISMATCH" });
    expect(store.bytes).toBe(0);
    const empty = image.add(MEDIA_TYPES.ociEmpty, Buffer.from("{}"));
    const artifact = image.add(MEDIA_TYPES.ociManifest, { schemaVersion: 2, config: empty, layers: [empty] });
    await expect(recompressLayers(image, artifact, store, { to: "zstd" })).rejects.toMatchObject({ code: "ERR_UNSUPPORTED" });
  });
});

describe("flattenImage()", () => {
  test.each(["oci", "docker"] as const)("makes one layer of all, in an image of %s", async (family) => {
    const image = imageOf(tars, { family, config: { history: steps, created: "2020-01-01T00:00:00Z", config: { Cmd: ["sh"] } } });
    const store = createMemoryStore();
    const made = await flattenImage(image, image.descriptor, store);
    const tar = await bytesOf(await flatten(image, image.descriptor));
    expect(await configOf(store, made)).toEqual({
      architecture: "amd64",
      os: "linux",
      created: "2020-01-01T00:00:00Z",
      config: { Cmd: ["sh"] },
      history: [{ created: "2020-01-01T00:00:00Z", created_by: `berth flatten ${image.descriptor.digest}` }],
      rootfs: { type: "layers", diff_ids: [digestOf(tar)] },
    });
    expect(await pathsOf(store, made)).toEqual(["b", "c"]);
    expect(await flattenImage(image, image.descriptor, createMemoryStore())).toEqual(made);
  });

  test("flattens every image of an index, as zstd if that is wanted", async () => {
    const image = imageOf(tars);
    const store = createMemoryStore();
    const made = await flattenImage(image, indexOf(image), store, { compression: "zstd", level: 5 });
    expect(await validateImage(store, made)).toMatchObject({ ok: true, manifests: 2, blobs: 2 });
  });
});
