import { randomFillSync } from "node:crypto";
import { mkdir, open, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createRemoteRepository, type RemoteRepository } from "@berth/client";
import { bytesSource, type Descriptor, MEDIA_TYPES } from "@berth/oci";
import { createDigester, descriptorOf, fileSource } from "@berth/oci/node";
import { copy, openLayout } from "@berth/transfer";
import { layoutPath, tagOf } from "./names.ts";

const BLOCK = 1 << 20;

/** How data begins that gzip made: what clients look at before they decide to compress a layer themselves. */
const GZIP = [0x1f, 0x8b, 0x08];

/** An image in an OCI layout, with layers of random bytes: nothing that a client could make smaller. */
export interface BenchImage {
  readonly layout: string;
  readonly manifest: Descriptor;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

/** Makes an image of layers of these sizes in bytes; its tag is `1`. */
export async function writeImage(layout: string, sizes: readonly number[]): Promise<BenchImage> {
  await mkdir(join(layout, "blobs", "sha256"), { recursive: true });
  const layers: Descriptor[] = [];
  for (const size of sizes) layers.push(await writeLayer(layout, size));
  const write = async (mediaType: string, value: unknown): Promise<Descriptor> => {
    const bytes = Buffer.from(JSON.stringify(value));
    const descriptor = descriptorOf(mediaType, bytes);
    await writeFile(layoutPath(layout, descriptor.digest), bytes);
    return descriptor;
  };
  const diffIds = layers.map(({ digest }) => digest);
  const config = await write(MEDIA_TYPES.ociConfig, { os: "linux", architecture: "amd64", rootfs: { type: "layers", diff_ids: diffIds } });
  const manifest = await write(MEDIA_TYPES.ociManifest, { schemaVersion: 2, mediaType: MEDIA_TYPES.ociManifest, config, layers });
  const entry = { ...manifest, annotations: { "org.opencontainers.image.ref.name": "1" } };
  await writeFile(join(layout, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
  await writeFile(join(layout, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [entry] }));
  return { layout, manifest, config, layers };
}

async function writeLayer(layout: string, size: number): Promise<Descriptor> {
  const path = join(layout, "new");
  const digester = createDigester();
  const block = Buffer.alloc(Math.min(BLOCK, size));
  const file = await open(path, "w");
  try {
    for (let at = 0; at < size; at += block.byteLength) {
      const part = randomFillSync(block).subarray(0, size - at);
      if (at === 0) part.set(GZIP);
      digester.update(part);
      await file.write(part);
    }
  } finally {
    await file.close();
  }
  const digest = digester.digest();
  await rename(path, layoutPath(layout, digest));
  return { mediaType: MEDIA_TYPES.ociLayerGzip, digest, size };
}

/** Makes an image and pushes it under the tag `1` and as many further ones as are asked for. */
export async function seedImage(reference: string, layout: string, sizes: readonly number[], tags = 0): Promise<BenchImage> {
  const image = await writeImage(layout, sizes);
  const repository = createRemoteRepository(reference);
  try {
    for (const blob of [image.config, ...image.layers]) await repository.push(blob, await fileSource(layoutPath(layout, blob.digest)));
    await tagImage(repository, image, tags);
  } finally {
    await repository.connection.close();
  }
  return image;
}

async function tagImage({ manifests }: RemoteRepository, { layout, manifest }: BenchImage, tags: number): Promise<void> {
  const bytes = bytesSource(await readFile(layoutPath(layout, manifest.digest)));
  await manifests.pushReference(manifest, bytes, "1");
  for (let number = 0; number < tags; number++) await manifests.pushReference(manifest, bytes, tagOf(number));
}

/** Pushes an image of an OCI layout under the tag `1`. */
export async function pushLayout(layout: string, tag: string, reference: string): Promise<void> {
  const repository = createRemoteRepository(reference);
  try {
    await copy(await openLayout(layout, { readOnly: true }), tag, repository, "1");
  } finally {
    await repository.connection.close();
  }
}
