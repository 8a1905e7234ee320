import { gzipSync } from "node:zlib";
import { MEDIA_TYPES } from "@berth/oci";
import { digestOf } from "@berth/oci/node";
import { describe, expect, test } from "vitest";
import { chainIds } from "./chain-ids.ts";
import { imageOf, tarOf, type TestImage } from "./testing/archives.ts";
import { validateImage } from "./validate-image.ts";
import { verifyImage } from "./verify-image.ts";

const tars = [tarOf({ path: "a", text: "1" }), tarOf({ path: "b", text: "2" }), tarOf({ path: "c", text: "3" })];

/** The image with some members of its manifest or config replaced. */
function changed(image: TestImage, manifest: object, config?: object) {
  const { ociManifest } = MEDIA_TYPES;
  const described =
    config === undefined ? image.manifest.config : image.add(MEDIA_TYPES.ociConfig, { architecture: "amd64", os: "linux", ...config });
  return image.add(ociManifest, {
    schemaVersion: 2,
    mediaType: ociManifest,
    config: described,
    layers: image.manifest.layers,
    ...manifest,
  });
}

test("[engine/T20] chainIds() names each layer with all below it", () => {
  const [a, b, c] = tars.map((tar) => digestOf(tar));
  if (a === undefined || b === undefined || c === undefined) throw new TypeError("Expected three layers");
  const second = digestOf(`${a} ${b}`);
  expect(chainIds([a, b, c])).toEqual([a, second, digestOf(`${second} ${c}`)]);
  expect(chainIds([])).toEqual([]);
});

describe("verifyImage()", () => {
  test.each(["gzip", "zstd", "none"] as const)("[engine/T22] verifies %s layers", async (compression) => {
    const image = imageOf(tars, { compression });
    const verified = await verifyImage(image, image.descriptor);
    expect(verified.layers.map(({ diffId }) => diffId)).toEqual(tars.map((tar) => digestOf(tar)));
    expect(verified.layers.map(({ chainId }) => chainId)).toEqual(chainIds(tars.map((tar) => digestOf(tar))));
    expect(verified.layers.map(({ size }) => size)).toEqual(tars.map((tar) => tar.byteLength));
  });

  test("[engine/T20] refuses layers in another order", async () => {
    const image = imageOf(tars);
    const [first, second, third] = image.manifest.layers;
    const swapped = changed(image, { layers: [second, first, third] });
    await expect(verifyImage(image, swapped)).rejects.toMatchObject({ code: "ERR_ROOTFS_MISMATCH", layer: 0 });
  });

  test("[engine/T20] refuses numbers that differ, and too long a history, before a layer is read", async () => {
    const image = imageOf(tars);
    const diff_ids = tars.map((tar) => digestOf(tar));
    const short = changed(image, { layers: image.manifest.layers.slice(1) });
    const steps = [{}, {}, {}, { empty_layer: true }, {}];
    const long = changed(image, {}, { rootfs: { type: "layers", diff_ids }, history: steps });
    for (const one of [short, long])
      await expect(verifyImage(image, one)).rejects.toMatchObject({ code: "ERR_ROOTFS_MISMATCH", layer: undefined });
    expect(image.fetched.filter((digest) => image.manifest.layers.some((layer) => layer.digest === digest))).toEqual([]);
    await verifyImage(image, changed(image, {}, { rootfs: { type: "layers", diff_ids }, history: steps.slice(1, 4) }));
  });

  test("[engine/T21] takes a layer that was compressed anew", async () => {
    const image = imageOf(tars);
    const again = image.add(MEDIA_TYPES.ociLayerGzip, gzipSync(tars[1] ?? "", { level: 1, memLevel: 1 }));
    expect(again.digest).not.toBe(image.manifest.layers[1]?.digest);
    const layers = image.manifest.layers.with(1, again);
    await expect(verifyImage(image, changed(image, { layers }))).resolves.toMatchObject({ layers: [{}, { descriptor: again }, {}] });
  });

  test("chooses from an index", async () => {
    const image = imageOf(tars);
    const platform = { os: "linux", architecture: "riscv64" };
    const index = image.add(MEDIA_TYPES.ociIndex, { schemaVersion: 2, manifests: [{ ...image.descriptor, platform }] });
    await expect(verifyImage(image, index, { platform })).resolves.toMatchObject({ descriptor: { digest: image.descriptor.digest } });
    await expect(verifyImage(image, index, { platform: { os: "linux", architecture: "s390x" } })).rejects.toThrow("riscv64");
  });

  test.each([
    ["text", "no JSON"],
    ["a list", "[]"],
    ["diff_ids that are no digests", '{"rootfs":{"diff_ids":["x"]}}'],
    ["a rootfs of another type", '{"rootfs":{"type":"other"}}'],
    ["a history of text", '{"history":["x"]}'],
  ])("refuses a config that is %s", async (_, text) => {
    const image = imageOf([]);
    const config = image.add(MEDIA_TYPES.ociConfig, Buffer.from(text));
    await expect(verifyImage(image, changed(image, { config }))).rejects.toMatchObject({ code: "ERR_INVALID_MANIFEST" });
  });
});

describe("validateImage()", () => {
  test("finds nothing wrong with images, artifacts, and foreign layers that are elsewhere", async () => {
    const image = imageOf(tars);
    const foreign = { mediaType: MEDIA_TYPES.ociForeignLayerGzip, digest: digestOf("elsewhere"), size: 9, urls: ["https://x.test/"] };
    const diff_ids = [digestOf("nobody looks")];
    const windows = changed(image, { layers: [foreign] }, { rootfs: { type: "layers", diff_ids } });
    const empty = image.add(MEDIA_TYPES.ociEmpty, Buffer.from("{}"));
    const artifact = changed(image, { config: empty, layers: [empty], artifactType: "a/b" });
    const index = image.add(MEDIA_TYPES.ociIndex, { schemaVersion: 2, manifests: [image.descriptor, windows, artifact, image.descriptor] });
    expect(await validateImage(image, index)).toEqual({ ok: true, problems: [], manifests: 4, blobs: 7, foreign: 1 });
  });

  test("tells all that is wrong, and where", async () => {
    const image = imageOf(tars);
    const [first, second, third] = image.manifest.layers;
    if (first === undefined || second === undefined || third === undefined) throw new TypeError("Expected three layers");
    const swapped = changed(image, { layers: [third, second, first] });
    const missing = { mediaType: MEDIA_TYPES.ociManifest, digest: digestOf("missing"), size: 7 };
    const short = changed(image, { layers: [first] });
    const index = image.add(MEDIA_TYPES.ociIndex, { schemaVersion: 2, manifests: [swapped, missing, short] });
    image.content.set(second.digest, Buffer.alloc(second.size));
    const report = await validateImage(image, index);
    expect(report.problems.map(({ path, error }) => [path, "code" in error && error.code])).toEqual([
      ["manifests[0].layers[0]", "ERR_ROOTFS_MISMATCH"],
      ["manifests[0].layers[1]", "ERR_DIGEST_MISMATCH"],
      ["manifests[0].layers[2]", "ERR_ROOTFS_MISMATCH"],
      ["manifests[1]", "ERR_NOT_FOUND"],
      ["manifests[2].config", "ERR_ROOTFS_MISMATCH"],
    ]);
    expect(report.ok).toBe(false);
    const quick = await validateImage(image, index, { depth: "presence" });
    expect(quick.problems.map(({ path }) => path)).toEqual(["manifests[1]", "manifests[2].config"]);
    expect((await validateImage(image, index, { maxProblems: 2 })).problems).toHaveLength(2);
  });

  test("does not hold schema 1 against a digest that is not that of its bytes", async () => {
    const image = imageOf(tars);
    const old = image.add(MEDIA_TYPES.dockerSchema1Signed, { schemaVersion: 1 });
    const { problems } = await validateImage(image, { ...old, digest: digestOf("what was signed") });
    expect(problems.map(({ error }) => error)).toEqual([expect.objectContaining({ code: "ERR_SCHEMA_V1_UNSUPPORTED" })]);
  });

  test("does not call good what it did not look at", async () => {
    const image = imageOf(tars);
    const report = await validateImage(image, image.descriptor, { maxNodes: 3 });
    expect(report.problems.map(({ path, error }) => [path, error])).toEqual([
      ["layers[2]", expect.objectContaining({ code: "ERR_LIMIT_EXCEEDED", limit: 3 })],
    ]);
    expect([report.ok, report.manifests, report.blobs]).toEqual([false, 1, 3]);
    expect(await validateImage(image, image.descriptor, { maxNodes: 4 })).toMatchObject({ ok: true });
  });

  test("stops when it is told to", async () => {
    const image = imageOf(tars);
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(validateImage(image, image.descriptor, { signal })).rejects.toThrow("enough");
  });
});
