import {
  decodeManifest,
  type Descriptor,
  type ImageManifest,
  isJsonObject,
  type JsonObject,
  MEDIA_TYPES,
  UnsupportedError,
} from "@berth/oci";
import { readAllVerified } from "@berth/oci/node";
import {
  blobFixture,
  imageManifest,
  indexManifest,
  type LayerFixture,
  layerOf,
  Random,
  randomLayer,
  sourceOf,
} from "@berth/testkit/images";
import { expect, test } from "vitest";
import { createMemoryStore, type MemoryTarget } from "../memory/memory-store.ts";
import { BaseMismatchError, InvalidImageConfigError } from "./errors.ts";
import { BASE_DIGEST_ANNOTATION, BASE_NAME_ANNOTATION, rebaseImage } from "./rebase-image.ts";

const random = new Random(1);
const a = randomLayer(random);
const b = randomLayer(random);
const c = randomLayer(random);
const d = randomLayer(random);
const e = randomLayer(random);

async function makeImage(
  store: MemoryTarget,
  layers: readonly LayerFixture[],
  more: JsonObject = {},
  mediaType?: string,
): Promise<Descriptor> {
  const value = { os: "linux", architecture: "amd64", rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) }, ...more };
  const config = blobFixture(MEDIA_TYPES.ociConfig, Buffer.from(JSON.stringify(value)));
  const manifest = imageManifest({
    config: config.descriptor,
    layers: layers.map(({ descriptor }) => descriptor),
    ...(mediaType !== undefined && { mediaType }),
  });
  for (const { descriptor, bytes } of [config, ...layers, manifest]) {
    if (!(await store.exists(descriptor))) await store.push(descriptor, sourceOf(bytes));
  }
  return manifest.descriptor;
}

async function read(
  store: MemoryTarget,
  descriptor: Descriptor,
): Promise<{ readonly manifest: ImageManifest; readonly config: JsonObject }> {
  const manifest = decodeManifest(await readAllVerified(await store.fetch(descriptor), descriptor), descriptor.mediaType);
  if (manifest.kind !== "image") throw new Error("expected an image");
  const config: unknown = JSON.parse((await readAllVerified(await store.fetch(manifest.config), manifest.config)).toString());
  if (!isJsonObject(config)) throw new Error("expected an object");
  return { manifest, config };
}

const by = (created_by: string) => ({ created_by });
const empty = (created_by: string) => ({ created_by, empty_layer: true });

test("rebaseImage() puts the upper layers, and their history, on the new base", async () => {
  const [source, bases, to] = [createMemoryStore(), createMemoryStore(), createMemoryStore()];
  const old = await makeImage(source, [a, b], { history: [by("a"), empty("env"), by("b")] });
  const image = await makeImage(source, [a, b, c, d], {
    history: [by("a"), empty("env"), by("b"), empty("label"), by("c"), by("d"), empty("cmd")],
    config: { Cmd: ["run"] },
    author: "kept",
  });
  const base = await makeImage(bases, [e], {
    history: [by("e"), empty("new env")],
    architecture: "arm64",
    variant: "v8",
    config: { Cmd: ["not taken"] },
  });
  const rebased = await rebaseImage(source, image, to, {
    oldBase: { descriptor: old },
    newBase: { descriptor: base, from: bases, name: "registry.example/base:2" },
  });
  const { manifest, config } = await read(to, rebased);
  expect(manifest.layers).toEqual([e.descriptor, c.descriptor, d.descriptor]);
  expect(config).toEqual({
    os: "linux",
    architecture: "arm64",
    variant: "v8",
    rootfs: { type: "layers", diff_ids: [e.diffId, c.diffId, d.diffId] },
    history: [by("e"), empty("new env"), empty("label"), by("c"), by("d"), empty("cmd")],
    config: { Cmd: ["run"] },
    author: "kept",
  });
  expect(manifest.annotations).toEqual({ [BASE_NAME_ANNOTATION]: "registry.example/base:2", [BASE_DIGEST_ANNOTATION]: base.digest });
  for (const layer of manifest.layers) expect(await to.exists(layer)).toBe(true);
  for (const layer of [a, b]) expect(await to.exists(layer.descriptor)).toBe(false);
});

test("rebaseImage() on the base that it stands on gives the same image", async () => {
  const store = createMemoryStore();
  const base = await makeImage(store, [a, b], { history: [by("a"), by("b")] });
  const image = await makeImage(store, [a, b, c], { history: [by("a"), by("b"), by("c")] });
  expect(await rebaseImage(store, image, store, { oldBase: { descriptor: base }, newBase: { descriptor: base } })).toEqual(image);
});

test("rebaseImage() takes layers for the same that unpack to the same", async () => {
  const store = createMemoryStore();
  const files = [{ path: "f", content: Buffer.from("x") }];
  const gzip = layerOf(files);
  const again: LayerFixture = { ...gzip, ...blobFixture(MEDIA_TYPES.ociLayerGzip, Buffer.concat([gzip.bytes, Buffer.from([0])])) };
  const old = await makeImage(store, [gzip]);
  const base = await makeImage(store, [b]);
  const image = await makeImage(store, [again, c]);
  const rebased = await rebaseImage(store, image, store, { oldBase: { descriptor: old }, newBase: { descriptor: base } });
  expect((await read(store, rebased)).manifest.layers).toEqual([b.descriptor, c.descriptor]);
});

test("rebaseImage() makes up for histories that are missing", async () => {
  const store = createMemoryStore();
  const old = await makeImage(store, [a]);
  const image = await makeImage(store, [a, b, c]);
  const without = await makeImage(store, [d]);
  const withHistory = await makeImage(store, [e], { history: [by("e")] });
  const onto = async (base: Descriptor) =>
    (await read(store, await rebaseImage(store, image, store, { oldBase: { descriptor: old }, newBase: { descriptor: base } }))).config[
      "history"
    ];
  expect(await onto(without)).toBeUndefined();
  expect(await onto(withHistory)).toEqual([by("e"), {}, {}]);
});

test("rebaseImage() refuses an image that does not stand on the old base", async () => {
  const store = createMemoryStore();
  const image = await makeImage(store, [a, b, c]);
  const other = await makeImage(store, [a, d]);
  const taller = await makeImage(store, [a, b, c, d]);
  const rebase = (oldBase: Descriptor) =>
    rebaseImage(store, image, store, { oldBase: { descriptor: oldBase }, newBase: { descriptor: other } });
  await expect(rebase(other)).rejects.toMatchObject({ code: "ERR_BASE_MISMATCH", layer: 1 });
  await expect(rebase(taller)).rejects.toThrow(BaseMismatchError);
  await expect(rebase(taller)).rejects.toMatchObject({ layer: undefined });
});

test("rebaseImage() refuses configs that do not fit their layers, and what is no image", async () => {
  const store = createMemoryStore();
  const base = await makeImage(store, [a]);
  const lying = await makeImage(store, [a, b], { rootfs: { type: "layers", diff_ids: [a.diffId] } });
  const boasting = await makeImage(store, [a], { history: [by("a"), by("b")] });
  const bases = { oldBase: { descriptor: base }, newBase: { descriptor: base } };
  for (const image of [lying, boasting]) await expect(rebaseImage(store, image, store, bases)).rejects.toThrow(InvalidImageConfigError);
  const index = indexManifest([base]);
  await store.push(index.descriptor, sourceOf(index.bytes));
  await expect(rebaseImage(store, index.descriptor, store, bases)).rejects.toThrow(UnsupportedError);
});
