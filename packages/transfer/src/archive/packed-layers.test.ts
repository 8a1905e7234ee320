import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync, gzipSync, zstdDecompressSync } from "node:zlib";
import { type Descriptor, MEDIA_TYPES } from "@berth/oci";
import { digestOf } from "@berth/oci/node";
import { packTar } from "@berth/testkit/parts";
import { blobFixture, imageManifest } from "@berth/testkit/images";
import { temporaryFolder } from "@berth/testkit/temporary-folder";
import { beforeEach, expect, test } from "vitest";
import type { TransferEvent } from "../events.ts";
import { config, one, tars, two } from "./docker-archive.test-kit.ts";
import { type DockerArchive, openDockerArchive } from "./docker-archive.ts";

let path: string;
/** Where layers are compressed. */
let work: string;
beforeEach(async () => {
  const folder = await temporaryFolder("packed");
  path = join(folder, "saved.tar");
  work = await temporaryFolder("work");
});

type Entries = Parameters<typeof packTar>[0];

async function save(layers: readonly Uint8Array[], more: Entries = []): Promise<void> {
  const names = layers.map((_, at) => `${at}.tar`);
  const list = Buffer.from(JSON.stringify([{ Config: "c.json", RepoTags: ["app:v1"], Layers: names }]));
  const files = layers.map((content, at) => ({ path: `${at}.tar`, content }));
  await writeFile(path, packTar([...files, { path: "c.json", content: config }, { path: "manifest.json", content: list }, ...more]));
}

async function bytesOf(archive: DockerArchive, target: Descriptor, span: { offset?: number; length?: number } = {}): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(await archive.fetch(target, span)));
}

async function manifestOf(archive: DockerArchive, target: Descriptor): Promise<{ config: Descriptor; layers: Descriptor[] }> {
  return JSON.parse((await bytesOf(archive, target)).toString()) as { config: Descriptor; layers: Descriptor[] };
}

test.each([
  ["gzip", "docker", MEDIA_TYPES.dockerManifest, MEDIA_TYPES.dockerLayerGzip, gunzipSync],
  ["zstd", "oci", MEDIA_TYPES.ociManifest, MEDIA_TYPES.ociLayerZstd, zstdDecompressSync],
] as const)("plain tars come compressed with %s, in a manifest of %s, always the same, and the config stays", async (...row) => {
  const [compression, family, manifestType, layerType, decompress] = row;
  await save(tars);
  const digests = new Set<string>();
  for (const level of [undefined, undefined, 1]) {
    await using archive = await openDockerArchive(path, { compression, family, temporaryFolder: work, ...(level && { level }) });
    const found = await archive.resolve("app:v1");
    expect(found.mediaType).toBe(manifestType);
    const manifest = await manifestOf(archive, found);
    expect(await bytesOf(archive, manifest.config)).toEqual(config);
    expect(manifest.config.digest).toBe(digestOf(config));
    for (const [at, layer] of manifest.layers.entries()) {
      const bytes = await bytesOf(archive, layer);
      expect(layer).toEqual({ mediaType: layerType, digest: digestOf(bytes), size: bytes.byteLength });
      expect(decompress(bytes)).toEqual(tars[at]);
      expect(await bytesOf(archive, layer, { offset: 3, length: 5 })).toEqual(bytes.subarray(3, 8));
      expect(await bytesOf(archive, layer, { offset: layer.size })).toHaveLength(0);
      await expect(archive.fetch({ ...layer, size: layer.size + 1 })).rejects.toMatchObject({ code: "ERR_SIZE_MISMATCH" });
    }
    expect(await archive.resolve(found.digest)).toEqual(found);
    if (level === undefined) digests.add(found.digest);
  }
  expect(digests.size).toBe(1);
});

test("what was compressed is gone when the archive is closed", async () => {
  await save(tars);
  const archive = await openDockerArchive(path, { compression: "gzip", temporaryFolder: work });
  const { layers } = await manifestOf(archive, await archive.resolve(""));
  expect(await readdir(work)).toHaveLength(2);
  await archive.close();
  expect(await readdir(work)).toEqual([]);
  await expect(archive.fetch(layers[0] ?? expect.unreachable())).rejects.toMatchObject({ code: "ERR_ARCHIVE_CLOSED" });
});

test("nothing stays of layers that are being compressed: when the archive is closed, when it is given up, beyond a limit", async () => {
  await save(tars);
  const open = async (more: object = {}): Promise<DockerArchive> =>
    await openDockerArchive(path, { compression: "gzip", temporaryFolder: work, ...more });
  const closing = await open();
  const resolving = expect(closing.resolve("")).rejects.toThrow();
  await closing.close();
  await resolving;

  const leaving = new AbortController();
  const reason = new Error("enough");
  const left = await open({ onEvent: () => leaving.abort(reason) });
  await expect(left.resolve("", { signal: leaving.signal })).rejects.toBe(reason);
  await left.close();

  const limited = await open({ maxSpoolBytes: 1000 });
  await expect(limited.resolve("")).rejects.toMatchObject({ code: "ERR_LIMIT_EXCEEDED" });
  await limited.close();

  await save([two, one]);
  const swapped = await open();
  await expect(swapped.resolve("")).rejects.toMatchObject({ code: "ERR_ROOTFS_MISMATCH" });
  await swapped.close();
  expect(await readdir(work)).toEqual([]);
});

test("a layer that is compressed already stays as it is, whatever is asked for", async () => {
  const packed = gzipSync(one, { level: 1 });
  await save([packed, two]);
  await using archive = await openDockerArchive(path, { compression: "zstd", family: "oci", level: 3, temporaryFolder: work });
  const { layers } = await manifestOf(archive, await archive.resolve(""));
  expect(layers.map(({ mediaType }) => mediaType)).toEqual([MEDIA_TYPES.ociLayerGzip, MEDIA_TYPES.ociLayerZstd]);
  expect(await bytesOf(archive, layers[0] ?? expect.unreachable())).toEqual(packed);
});

test("a digest that was told for the archive as it stands leads to that form", async () => {
  await save(tars);
  await using plain = await openDockerArchive(path);
  const told = await plain.resolve("");
  await using archive = await openDockerArchive(path, { compression: "gzip", family: "oci", temporaryFolder: work });
  expect(await archive.resolve(told.digest)).toEqual(told);
  const manifest = await manifestOf(archive, told);
  expect(await bytesOf(archive, manifest.layers[0] ?? expect.unreachable())).toEqual(one);
  expect(await readdir(work)).toEqual([]); // nothing had to be compressed
  expect((await archive.resolve(digestOf(config))).digest).not.toBe(told.digest); // an image ID is that of all forms
  await expect(archive.resolve(digestOf("x"))).rejects.toMatchObject({ code: "ERR_NOT_FOUND" });
});

test("the manifest that the archive itself has is taken unless a layer of it is a plain tar", async () => {
  const described = blobFixture(MEDIA_TYPES.ociConfig, config);
  for (const [type, layers] of [
    [MEDIA_TYPES.ociLayerGzip, tars.map((tar) => gzipSync(tar))],
    [MEDIA_TYPES.ociLayer, tars],
  ] as const) {
    const blobs = layers.map((bytes) => blobFixture(type, bytes));
    const own = imageManifest({ config: described.descriptor, layers: blobs.map(({ descriptor }) => descriptor) });
    const pathOf = ({ digest }: Descriptor): string => `blobs/${digest.replace(":", "/")}`;
    const index = { schemaVersion: 2, manifests: [own.descriptor] };
    await save(layers, [
      ...[described, own, ...blobs].map(({ descriptor, bytes }) => ({ path: pathOf(descriptor), content: bytes })),
      { path: "oci-layout", content: Buffer.from(JSON.stringify({ imageLayoutVersion: "1.0.0" })) },
      { path: "index.json", content: Buffer.from(JSON.stringify(index)) },
    ]);
    await using archive = await openDockerArchive(path, { compression: "gzip", temporaryFolder: work });
    const found = await archive.resolve("app:v1");
    expect(found.digest === own.descriptor.digest).toBe(type === MEDIA_TYPES.ociLayerGzip);
    const made = await manifestOf(archive, found);
    for (const layer of made.layers) gunzipSync(await bytesOf(archive, layer));
    expect(await archive.resolve(own.descriptor.digest)).toEqual(own.descriptor); // a digest is that of its bytes
  }
});

test("who watches is told how much of each layer is compressed", async () => {
  await save(tars);
  const events: TransferEvent[] = [];
  await using archive = await openDockerArchive(path, {
    compression: "gzip",
    temporaryFolder: work,
    onEvent: (event) => events.push(event),
  });
  await archive.resolve("");
  for (const tar of tars) {
    const id = digestOf(tar).slice("sha256:".length, "sha256:".length + 12);
    const steps = events.filter((event) => event.id === id);
    expect(steps[0]).toMatchObject({ action: "compressing", current: 0, total: tar.byteLength, last: false });
    expect(steps.at(-1)).toMatchObject({ action: "done", current: tar.byteLength, last: true });
    expect(steps.every(({ moved }) => moved === undefined)).toBe(true);
  }
});
