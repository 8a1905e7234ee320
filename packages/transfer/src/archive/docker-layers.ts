import { type Digest, digestAlgorithm, MEDIA_TYPES } from "@berth/oci";
import { createDigester } from "@berth/oci/node";
import { LayerBudget } from "../image/layer-limits.ts";
import { openLayer } from "../image/layer.ts";
import { type LayerCompression, MAGIC_LENGTH, sniffCompression } from "../image/layer-compression.ts";
import { SharedWork } from "./shared-work.ts";
import type { TarFile } from "./tar-file.ts";
import type { TarEntry } from "./tar-index.ts";

/** What a layer of an archive turned out to be. */
export interface LayerContent {
  readonly compression: LayerCompression;
  /** Of the bytes as they stand in the archive. */
  readonly digest: Digest;
  /** Of the uncompressed bytes. */
  readonly diffId: Digest;
}

/** Reads the layers of a docker archive to learn their digests; each once, when it is asked for. */
export class LayerReader {
  readonly #tar: TarFile;
  readonly #budget: LayerBudget;
  readonly #known = new SharedWork<string, LayerContent>();

  constructor(tar: TarFile) {
    this.#tar = tar;
    const { maxSpoolBytes: maxBytes, maxRatio, ratioFloor } = tar.limits;
    this.#budget = new LayerBudget({ maxBytes, maxRatio, ratioFloor });
  }

  /** @throws {InvalidLayerError} @throws {LimitExceededError} */
  async read(layer: TarEntry, algorithm: Digest, signal?: AbortSignal): Promise<LayerContent> {
    const key = `${layer.name}\0${digestAlgorithm(algorithm)}`;
    return await this.#known.get(key, signal, async () => await this.#read(layer, algorithm, signal));
  }

  async #read(layer: TarEntry, diffId: Digest, signal?: AbortSignal): Promise<LayerContent> {
    const start = Buffer.concat(await Array.fromAsync(this.#tar.read(layer, { start: 0, end: MAGIC_LENGTH }, signal)));
    const compression = sniffCompression(start);
    const digester = createDigester();
    const content = this.#tar.read(layer, undefined, signal);
    async function* hashed(): AsyncGenerator<Uint8Array> {
      for await (const chunk of content) {
        digester.update(chunk);
        yield chunk;
      }
    }
    // uncompressed, both digests are the same unless they are of different algorithms: one pass of hashing will do
    const same = compression === "none" && digestAlgorithm(diffId) === digester.algorithm;
    const options = { limits: this.#budget, algorithm: digestAlgorithm(diffId), ...(signal && { signal }) };
    const opened = openLayer(same ? content : hashed(), MEDIA_TYPES.ociLayer, options);
    for await (const _ of opened);
    return { compression, digest: same ? opened.diffId : digester.digest(), diffId: opened.diffId };
  }
}

/** The media type of a layer. Docker's have none for zstd: what it has is what tools agree on. */
export function layerMediaType(family: "oci" | "docker", compression: LayerCompression): string {
  return LAYER_TYPES[family][compression];
}

const LAYER_TYPES: Readonly<Record<"oci" | "docker", Readonly<Record<LayerCompression, string>>>> = {
  oci: { none: MEDIA_TYPES.ociLayer, gzip: MEDIA_TYPES.ociLayerGzip, zstd: MEDIA_TYPES.ociLayerZstd },
  docker: { none: MEDIA_TYPES.dockerLayer, gzip: MEDIA_TYPES.dockerLayerGzip, zstd: MEDIA_TYPES.ociLayerZstd },
};
