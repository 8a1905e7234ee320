import { decodeManifest, type Descriptor, isJsonObject, type JsonObject, MEDIA_TYPES, signSchema1, type SigningKey } from "@berth/oci";
import { descriptorOf, digestOf, readAllVerified } from "@berth/oci/node";
import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, test } from "vitest";
import { imageOf, tarOf, type TestImage } from "../image/testing/archives.ts";
import { validateImage } from "../image/validate-image.ts";
import { verifyImage } from "../image/verify-image.ts";
import { createMemoryStore, type MemoryTarget } from "../memory/memory-store.ts";
import { convertImage } from "./convert-image.ts";

const tars = [tarOf({ path: "a", text: "1" }), tarOf({ path: "b", text: "2" })];
const platform = { os: "linux", architecture: "amd64" };

async function documentOf(store: MemoryTarget, descriptor: Descriptor): Promise<JsonObject> {
  const value: unknown = JSON.parse((await readAllVerified(await store.fetch(descriptor), descriptor)).toString());
  return isJsonObject(value) ? value : {};
}

/** An index of an image with its attestation, and an artifact. */
function indexOf(image: TestImage, mediaType: string, more: object = {}): Descriptor {
  const empty = image.add(MEDIA_TYPES.ociEmpty, Buffer.from("{}"));
  const attestation = image.add(MEDIA_TYPES.ociManifest, {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    config: image.add(MEDIA_TYPES.ociConfig, {
      architecture: "unknown",
      os: "unknown",
      rootfs: { type: "layers", diff_ids: [image.add("application/vnd.in-toto+json", { is: "a statement" }).digest] }, // as buildkit does
    }),
    layers: [{ ...image.add("application/vnd.in-toto+json", { is: "a statement" }), annotations: { kept: "yes" } }],
  });
  const artifact = image.add(MEDIA_TYPES.ociManifest, {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    config: empty,
    layers: [empty],
  });
  const about = { "vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": image.descriptor.digest };
  const manifests = [
    { ...image.descriptor, platform, unknown: "kept" },
    { ...attestation, platform: { os: "unknown", architecture: "unknown" }, annotations: about },
    { ...artifact, platform: { os: "unknown", architecture: "unknown" } },
  ];
  return image.add(mediaType, { schemaVersion: 2, mediaType, manifests, ...more });
}

describe("convertImage()", () => {
  test("makes an OCI image of a Docker one and back, with the same config and layers", async () => {
    const docker = imageOf(tars, { family: "docker" });
    const store = createMemoryStore();
    const oci = await convertImage(docker, docker.descriptor, store, { to: "oci" });
    const manifest = await documentOf(store, oci);
    expect(manifest).toMatchObject({
      mediaType: MEDIA_TYPES.ociManifest,
      config: { ...docker.manifest.config, mediaType: MEDIA_TYPES.ociConfig },
      layers: docker.manifest.layers.map((layer) => ({ ...layer, mediaType: MEDIA_TYPES.ociLayerGzip })),
    });
    expect(await verifyImage(store, oci)).toMatchObject({ layers: [{}, {}] });
    const back = createMemoryStore();
    const again = await convertImage(store, oci, back, { to: "docker" });
    expect(await documentOf(back, again)).toEqual(JSON.parse(Buffer.from(docker.manifest.raw).toString()));
    expect(await convertImage(store, oci, createMemoryStore(), { to: "docker" })).toEqual(again);
    expect(await convertImage(store, oci, store, { to: "oci" })).toEqual(oci);
  });

  test("converts every image of an index; attestations stay and follow their image, artifacts stay", async () => {
    const docker = imageOf(tars, { family: "docker" });
    const list = indexOf(docker, MEDIA_TYPES.dockerManifestList);
    const store = createMemoryStore();
    const index = await convertImage(docker, list, store, { to: "oci" });
    const before = decodeManifest(docker.content.get(list.digest) ?? new Uint8Array(), list.mediaType);
    const image = await convertImage(docker, docker.descriptor, store, { to: "oci" });
    const entries = before.references.map(({ descriptor }) => descriptor);
    expect(await documentOf(store, index)).toMatchObject({
      mediaType: MEDIA_TYPES.ociIndex,
      manifests: [
        { ...image, platform, unknown: "kept" },
        { ...entries[1], annotations: { "vnd.docker.reference.digest": image.digest } },
        entries[2],
      ],
    });
    expect(await validateImage(store, index)).toMatchObject({ ok: true, manifests: 4 });
    const back = await convertImage(store, index, store, { to: "docker" });
    expect(back.mediaType).toBe(MEDIA_TYPES.dockerManifestList);
    expect((await documentOf(store, back))["manifests"]).toMatchObject([docker.descriptor, { digest: entries[1]?.digest }, {}]);
  });

  test("gives entries of a manifest list the platform that the config names", async () => {
    const image = imageOf(tars, { config: { variant: "v2" } });
    const bare = image.add(MEDIA_TYPES.ociIndex, {
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.ociIndex,
      manifests: [image.descriptor],
      annotations: { a: "b" },
    });
    const store = createMemoryStore();
    const list = await documentOf(store, await convertImage(image, bare, store, { to: "docker" }));
    expect(list).toMatchObject({ manifests: [{ mediaType: MEDIA_TYPES.dockerManifest, platform: { ...platform, variant: "v2" } }] });
    expect(list["annotations"]).toBeUndefined();
  });

  test.each([["zstd"], ["none"]] as const)("finds a Docker type for %s layers", async (compression) => {
    const image = imageOf(tars, { compression });
    const store = createMemoryStore();
    const docker = await convertImage(image, image.descriptor, store, { to: "docker" });
    await expect(verifyImage(store, docker)).resolves.toMatchObject({ layers: [{}, {}] });
    const back = await convertImage(store, docker, store, { to: "oci" });
    expect((await documentOf(store, back))["layers"]).toEqual(image.manifest.layers);
  });

  test("refuses what the other family cannot say, and what is no image", async () => {
    const image = imageOf(tars);
    const store = createMemoryStore();
    const empty = image.add(MEDIA_TYPES.ociEmpty, Buffer.from("{}"));
    const artifact = image.add(MEDIA_TYPES.ociManifest, { schemaVersion: 2, config: empty, layers: [empty] });
    const { config, layers } = image.manifest;
    const subject = image.add(MEDIA_TYPES.ociManifest, { schemaVersion: 2, config, layers, subject: image.descriptor });
    const index = indexOf(image, MEDIA_TYPES.ociIndex, { subject: image.descriptor });
    const nameless = image.add(MEDIA_TYPES.ociIndex, { schemaVersion: 2, manifests: [artifact] });
    for (const one of [artifact, subject, index, nameless, config]) {
      await expect(convertImage(image, one, store, { to: "docker" })).rejects.toMatchObject({ code: "ERR_UNSUPPORTED" });
    }
  });
});

describe("convertImage() of schema 1", () => {
  let key: SigningKey;
  beforeAll(async () => {
    const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
    key = { ...pair, algorithm: "ES256" };
  });

  const blobs = tars.map((tar) => gzipSync(tar));
  const nothing = gzipSync(tarOf());
  const step = (id: string, parent: string | undefined, more: object): string => JSON.stringify({ id, parent, ...more });
  /** The top layer first, as it was written. */
  const history = [
    step("3", "2", {
      created: "2015-03-03T00:00:00Z",
      throwaway: true,
      os: "linux",
      architecture: "amd64",
      config: { Cmd: ["sh"] },
      container_config: { Cmd: ["CMD", "sh"] },
    }),
    step("2", "1", {}),
    step("2", "1", { created: "2015-02-02T00:00:00Z", author: "me", container_config: { Cmd: ["RUN", "b"] } }),
    step("1", undefined, { comment: "base", Size: 5 }),
  ];

  async function schema1(steps: readonly string[] = history): Promise<{ payload: Uint8Array; signed: Uint8Array; store: MemoryTarget }> {
    const store = createMemoryStore();
    for (const bytes of [...blobs, nothing]) await store.push(descriptorOf(MEDIA_TYPES.octetStream, bytes), one(bytes));
    const [base = nothing, top = nothing] = blobs;
    const layers = [nothing, top, top, base].slice(4 - steps.length);
    const value = {
      schemaVersion: 1,
      name: "a/b",
      tag: "t",
      architecture: "amd64",
      fsLayers: layers.map((bytes) => ({ blobSum: digestOf(bytes) })),
      history: steps.map((v1Compatibility) => ({ v1Compatibility })),
    };
    const payload = new TextEncoder().encode(JSON.stringify(value, undefined, 3));
    return { payload, signed: await signSchema1(payload, key), store };
  }

  /** The store with a manifest in it, under the digest that registries give it. */
  const serving = (store: MemoryTarget, bytes: Uint8Array, payload: Uint8Array) => {
    const mediaType = bytes === payload ? MEDIA_TYPES.dockerSchema1 : MEDIA_TYPES.dockerSchema1Signed;
    const descriptor = { ...descriptorOf(mediaType, payload), size: bytes.byteLength };
    const source = {
      fetch: async (target: Descriptor) => (target.digest === descriptor.digest ? bytesStream(bytes) : await store.fetch(target)),
      stat: store.stat.bind(store),
    };
    return { descriptor, source };
  };

  test("[engine/T17] rebuilds config and history, drops what is there twice or holds nothing", async () => {
    const { payload, signed, store } = await schema1();
    for (const bytes of [signed, payload]) {
      const { source, descriptor } = serving(store, bytes, payload);
      const made = await convertImage(source, descriptor, store, { to: "oci" });
      const verified = await verifyImage(store, made);
      expect(verified.layers.map(({ diffId }) => diffId)).toEqual(tars.map((tar) => digestOf(tar)));
      expect(await documentOf(store, verified.config)).toEqual({
        created: "2015-03-03T00:00:00Z",
        os: "linux",
        architecture: "amd64",
        config: { Cmd: ["sh"] },
        container_config: { Cmd: ["CMD", "sh"] },
        rootfs: { type: "layers", diff_ids: tars.map((tar) => digestOf(tar)) },
        history: [
          { comment: "base" },
          { created: "2015-02-02T00:00:00Z", author: "me", created_by: "RUN b" },
          { created: "2015-03-03T00:00:00Z", created_by: "CMD sh", empty_layer: true },
        ],
      });
      expect(await convertImage(source, descriptor, createMemoryStore(), { to: "oci" })).toEqual(made);
    }
  });

  test("[engine/T17] refuses another content, another signature, layers that do not stand on each other, and Docker as a goal", async () => {
    const { payload, signed, store } = await schema1();
    const other = await schema1([step("1", undefined, {})]);
    const convert = async (bytes: Uint8Array, named: Uint8Array, to: "oci" | "docker" = "oci") => {
      const { source, descriptor } = serving(store, bytes, named);
      return await convertImage(source, descriptor, createMemoryStore(), { to });
    };
    await expect(convert(other.signed, payload)).rejects.toMatchObject({ code: "ERR_DIGEST_MISMATCH" });
    const forged = Buffer.from(Buffer.from(signed).toString().replace("RUN", "BAD"));
    await expect(convert(forged, payload)).rejects.toMatchObject({ code: "ERR_MANIFEST_UNVERIFIED" });
    await expect(convert(signed, payload, "docker")).rejects.toMatchObject({ code: "ERR_UNSUPPORTED" });
    for (const steps of [[step("2", "9", {}), step("1", undefined, {})], [step("2", "1", {})], ["{}", "{}"], ['{"id":""}', '{"id":""}']]) {
      const broken = await schema1(steps);
      await expect(convert(broken.signed, broken.payload)).rejects.toMatchObject({ code: "ERR_INVALID_MANIFEST" });
    }
    const { source, descriptor } = serving(store, signed, payload);
    const sizeless = convertImage({ fetch: source.fetch }, descriptor, createMemoryStore(), { to: "oci" });
    await expect(sizeless).rejects.toMatchObject({ code: "ERR_UNSUPPORTED" });
  });
});

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function bytesStream(bytes: Uint8Array) {
  return Object.assign(one(bytes), { destroy: () => undefined });
}
