import { gzipSync } from "node:zlib";
import { type Descriptor, type Digest, MEDIA_TYPES } from "@berth/oci";
import { descriptorOf, digestOf } from "@berth/oci/node";
import type { Random } from "../faults/random.ts";
import { packTar, type TarEntry } from "../parts/tar.ts";

/** A blob at hand. */
export interface BlobFixture {
  readonly descriptor: Descriptor;
  readonly bytes: Buffer;
}

/** A layer, and what it is when unpacked. */
export interface LayerFixture extends BlobFixture {
  /** Digest of the archive before it was compressed. */
  readonly diffId: Digest;
}

/** Names bytes. */
export function blobFixture(mediaType: string, bytes: Buffer): BlobFixture {
  return { descriptor: descriptorOf(mediaType, bytes), bytes };
}

/** A compressed layer of these files; its media type by default that of OCI. */
export function layerOf(entries: readonly TarEntry[], mediaType: string = MEDIA_TYPES.ociLayerGzip): LayerFixture {
  const tar = packTar(entries);
  return { ...blobFixture(mediaType, gzipSync(tar, { level: 1 })), diffId: digestOf(tar) };
}

/** A layer of a few files with random content. */
export function randomLayer(random: Random, mediaType?: string): LayerFixture {
  const files = Array.from({ length: 1 + random.int(4) }, (_, index) => ({
    path: `files/${index}`,
    content: random.bytes(1 + random.int(2000)),
  }));
  return layerOf([{ path: "files/" }, ...files], mediaType);
}
