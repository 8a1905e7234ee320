import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { bytesSource, type Descriptor, MEDIA_TYPES } from "@berth/oci";
import { descriptorOf, digestOf } from "@berth/oci/node";
import { blobFixture, imageManifest, indexManifest } from "@berth/testkit/images";
import { packTar } from "@berth/testkit/parts";
import { temporaryFolder } from "@berth/testkit/temporary-folder";
import { beforeEach, describe, expect, test } from "vitest";
import { pushGraphTo, textOf } from "./archive.test-kit.ts";
import { config, image, one, tars, two } from "./docker-archive.test-kit.ts";
import { openDockerArchive } from "./docker-archive.ts";
import { LayerReader } from "./docker-layers.ts";
import { createOciArchive } from "./oci-archive-writer.ts";
import { openTarFile } from "./tar-file.ts";

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await temporaryFolder("docker");
  path = join(folder, "saved.tar");
});

interface SavedEntry {
  readonly path: string;
  readonly content?: Uint8Array;
  readonly linkTo?: string;
}

async function save(entries: readonly SavedEntry[]): Promise<void> {
  await writeFile(path, packTar(entries));
}

function listed(
  ...images: readonly { readonly Config: string; readonly RepoTags: readonly string[] | null; readonly Layers: readonly string[] }[]
): SavedEntry {
  return { path: "manifest.json", content: Buffer.from(JSON.stringify(images)) };
}

describe("reading", () => {
  test("the old form: folders of layers, links between them, and the config's bytes as they are", async () => {
    await save([
      { path: "a/" },
      { path: "a/layer.tar", content: one },
      { path: "b/" },
      { path: "b/real.tar", content: two },
      { path: "b/layer.tar", linkTo: "../b/real.tar" },
      { path: "config.json", content: config },
      { path: "repositories", content: Buffer.from("{}") },
      listed({ Config: "config.json", RepoTags: ["app:v1", "quay.io/team/app:v2"], Layers: ["a/layer.tar", "b/layer.tar"] }),
    ]);
    await using archive = await openDockerArchive(path);
    const descriptor = await archive.resolve("app:v1");
    expect(descriptor.mediaType).toBe(MEDIA_TYPES.dockerManifest);
    for (const name of ["", "docker.io/library/app:v1", "v2", "quay.io/team/app:v2", descriptor.digest, digestOf(config)]) {
      expect(await archive.resolve(name)).toEqual(descriptor);
    }
    const manifest = JSON.parse(await textOf(await archive.fetch(descriptor)));
    expect(manifest).toEqual({
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.dockerManifest,
      config: { mediaType: MEDIA_TYPES.dockerConfig, digest: digestOf(config), size: config.byteLength },
      layers: tars.map((tar) => ({ mediaType: MEDIA_TYPES.dockerLayer, digest: digestOf(tar), size: tar.byteLength })),
    });
    expect(await textOf(await archive.fetch(manifest.config))).toBe(config.toString());
    for (const [index, tar] of tars.entries()) expect(await textOf(await archive.fetch(manifest.layers[index]))).toBe(tar.toString());
    expect(await textOf(await archive.fetch(manifest.config, { offset: 1, length: 4 }))).toBe(config.subarray(1, 5).toString());
    expect(await textOf(await archive.fetch(descriptor, { offset: 1, length: 4 }))).toHaveLength(4);
    expect(await Array.fromAsync(archive.tags())).toEqual(["app:v1", "quay.io/team/app:v2"]);
    expect(archive.images).toEqual([{ repoTags: ["app:v1", "quay.io/team/app:v2"], config: digestOf(config) }]);
    await expect(archive.resolve("v3")).rejects.toMatchObject({ code: "ERR_NOT_FOUND" });
    await expect(archive.resolve(digestOf("x"))).rejects.toMatchObject({ code: "ERR_NOT_FOUND" });
    await expect(archive.fetch(descriptorOf("text/plain", Buffer.from("x")))).rejects.toMatchObject({ code: "ERR_NOT_FOUND" });
  });

  test("who gives an image up takes it from nobody else", async () => {
    await save([
      { path: "1.tar", content: one },
      { path: "2.tar", content: two },
      { path: "c.json", content: config },
      { path: "d.json", content: Buffer.concat([config, Buffer.from("\n")]) },
      listed(
        { Config: "c.json", RepoTags: ["a:1"], Layers: ["1.tar", "2.tar"] },
        { Config: "d.json", RepoTags: ["a:2"], Layers: ["1.tar", "2.tar"] }, // of the same layers
      ),
    ]);
    await using archive = await openDockerArchive(path);
    const [leaving, reason] = [new AbortController(), new Error("enough")];
    const first = expect(archive.resolve("a:1", { signal: leaving.signal })).rejects.toBe(reason);
    const others = Promise.all([archive.resolve("a:1"), archive.resolve("a:1"), archive.resolve("a:2")]);
    leaving.abort(reason);
    await first;
    const [again, once, other] = await others;
    expect(again).toEqual(once);
    expect(other.digest).not.toBe(once.digest);
    await expect(archive.resolve("a:1", { signal: leaving.signal })).rejects.toBe(reason);

    const tar = await openTarFile(path);
    const layer = tar.entries.get("1.tar") ?? expect.unreachable();
    const reader = new LayerReader(tar);
    const giving = new AbortController();
    const begun = expect(reader.read(layer, digestOf(one), giving.signal)).rejects.toBe(reason);
    const joined = reader.read(layer, digestOf(one));
    giving.abort(reason);
    await begun;
    expect((await joined).diffId).toBe(digestOf(one));
    await tar.close();
  });

  test("compressed layers stay as they are; OCI manifests on demand", async () => {
    const packed = [gzipSync(one), zstdCompressSync(two)];
    await save([
      { path: "1.tar.gz", content: packed[0] ?? one },
      { path: "2.tar.zst", content: packed[1] ?? two },
      { path: "config.json", content: config },
      listed({ Config: "config.json", RepoTags: null, Layers: ["1.tar.gz", "2.tar.zst"] }),
    ]);
    await using archive = await openDockerArchive(bytesSource(await readFile(path)), { family: "oci" });
    const { layers } = JSON.parse(await textOf(await archive.fetch(await archive.resolve(""))));
    expect(layers).toEqual([
      { mediaType: MEDIA_TYPES.ociLayerGzip, digest: digestOf(packed[0] ?? ""), size: packed[0]?.byteLength },
      { mediaType: MEDIA_TYPES.ociLayerZstd, digest: digestOf(packed[1] ?? ""), size: packed[1]?.byteLength },
    ]);
    await using again = await openDockerArchive(path, { family: "oci" });
    expect(await textOf(await again.fetch(layers[1]))).toBe((packed[1] ?? two).toString()); // without asking for the image first
  });

  test("layers of the archive are unpacked beyond the usual ratio for who allows it", async () => {
    const zeros = Buffer.alloc(2_000_000);
    const own = Buffer.from(JSON.stringify({ ...JSON.parse(config.toString()), rootfs: { type: "layers", diff_ids: [digestOf(zeros)] } }));
    await save([
      { path: "1.tar.gz", content: gzipSync(zeros) },
      { path: "config.json", content: own },
      listed({ Config: "config.json", RepoTags: null, Layers: ["1.tar.gz"] }),
    ]);
    await using strict = await openDockerArchive(path, { ratioFloor: 0, maxRatio: 100 });
    await expect(strict.resolve("")).rejects.toThrow("the limit is 100 (maxRatio)");
    await using archive = await openDockerArchive(path, { ratioFloor: 0, maxRatio: 2000 });
    expect(await archive.resolve("")).toMatchObject({ size: expect.any(Number) });
  });

  test("[engine/T20] swapped layers, one too few, and a changed one: the layers do not match the config", async () => {
    for (const layers of [["2.tar", "1.tar"], ["1.tar"], ["1.tar", "1.tar"]]) {
      await save([
        { path: "1.tar", content: one },
        { path: "2.tar", content: two },
        { path: "c.json", content: config },
        listed({ Config: "c.json", RepoTags: ["a:1"], Layers: layers }),
      ]);
      await using archive = await openDockerArchive(path);
      await expect(archive.resolve("")).rejects.toMatchObject({ code: "ERR_ROOTFS_MISMATCH" });
    }
  });

  test("an OCI layout inside gives its own manifest, and what else it holds", async () => {
    const archive = await createOciArchive(path);
    await pushGraphTo(archive, image, "docker.io/library/app:v1");
    await archive.finish();
    const layout = await readFile(path);
    const [configBlob, ...layers] = image.blobs.map(({ descriptor }) => `blobs/${descriptor.digest.replace(":", "/")}`);
    const list = listed({ Config: configBlob ?? "", RepoTags: ["app:v1"], Layers: layers });
    await writeFile(path, Buffer.concat([layout.subarray(0, -1024), packTar([list])]));
    await using read = await openDockerArchive(path);
    expect(await read.resolve("app:v1")).toEqual(image.manifest.descriptor);
    expect(await textOf(await read.fetch(image.manifest.descriptor))).toBe(image.manifest.bytes.toString());
    for (const { descriptor, bytes } of image.blobs) expect(await textOf(await read.fetch(descriptor))).toBe(bytes.toString());
  });

  test("an OCI layout whose layers are links to where an older form has them: what the list says is taken", async () => {
    const configBlob = blobFixture(MEDIA_TYPES.ociConfig, config);
    const layers = tars.map((tar) => blobFixture(MEDIA_TYPES.ociLayer, tar).descriptor);
    const manifest = imageManifest({ config: configBlob.descriptor, layers });
    const at = ({ digest }: Descriptor): string => `blobs/${digest.replace(":", "/")}`;
    await save([
      ...tars.map((content, number) => ({ path: `${number}/layer.tar`, content })),
      ...layers.map((layer, number) => ({ path: at(layer), linkTo: `../../${number}/layer.tar` })),
      { path: at(configBlob.descriptor), content: config },
      { path: at(manifest.descriptor), content: manifest.bytes },
      { path: "oci-layout", content: Buffer.from('{"imageLayoutVersion":"1.0.0"}') },
      { path: "index.json", content: indexManifest([manifest.descriptor]).bytes },
      listed({ Config: at(configBlob.descriptor), RepoTags: ["app:v1"], Layers: layers.map(at) }),
    ]);
    await using archive = await openDockerArchive(path, { family: "oci" });
    const found: { readonly layers: readonly Descriptor[] } = JSON.parse(await textOf(await archive.fetch(await archive.resolve(""))));
    expect(found.layers.map(({ digest }) => digest)).toEqual(layers.map(({ digest }) => digest));
    for (const [number, layer] of layers.entries()) expect(await textOf(await archive.fetch(layer))).toBe(tars[number]?.toString());
  });

  test.each([
    ["no list", [{ path: "x", content: one }]],
    ["a list that is no JSON", [{ path: "manifest.json", content: Buffer.from("[{]") }]],
    ["a list of texts", [{ path: "manifest.json", content: Buffer.from('["x"]') }]],
    ["a config that is not there", [listed({ Config: "c.json", RepoTags: null, Layers: [] })]],
    [
      "a layer that is not there",
      [{ path: "c.json", content: config }, listed({ Config: "c.json", RepoTags: null, Layers: ["1.tar", "2.tar"] })],
    ],
    [
      "a layer that links round",
      [
        { path: "c.json", content: config },
        { path: "1.tar", linkTo: "1.tar" },
        listed({ Config: "c.json", RepoTags: null, Layers: ["1.tar", "1.tar"] }),
      ],
    ],
    [
      "a name twice",
      [
        { path: "c.json", content: config },
        { path: "./c.json", content: config },
      ],
    ],
  ])("%s is an invalid archive", async (_, entries) => {
    await save(entries);
    await expect(openDockerArchive(path)).rejects.toMatchObject({ code: "ERR_INVALID_ARCHIVE" });
  });
});
