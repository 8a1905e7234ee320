import type { Descriptor, Digest, Fetcher } from "@berth/oci";
import { chainIds } from "./chain-ids.ts";
import { LayerBudget, type LayerLimits } from "./layer-limits.ts";
import { readImage, type ReadImageOptions } from "./read-image.ts";
import { readLayerArchive } from "./read-layer.ts";

/** Options of {@link verifyImage}. */
export interface VerifyImageOptions extends ReadImageOptions {
  /** What the layers may hold, all together; default those that {@link LayerLimits} names. */
  readonly limits?: LayerLimits;
}

/** A layer whose content was checked. */
export interface VerifiedLayer {
  readonly descriptor: Descriptor;
  readonly diffId: Digest;
  readonly chainId: Digest;
  /** Uncompressed bytes. */
  readonly size: number;
}

/** An image whose layers are those that its config names. */
export interface VerifiedImage {
  readonly descriptor: Descriptor;
  readonly config: Descriptor;
  /** The base layer first. */
  readonly layers: readonly VerifiedLayer[];
}

/**
 * Checks that the layers of an image are those that its config names: it reads and decompresses all of them, which costs as much.
 *
 * @throws {RootfsMismatchError} when their number, their order or their content differs.
 * @throws {DigestMismatchError} @throws {SizeMismatchError} @throws {InvalidLayerError} @throws {LimitExceededError}
 * @see OCI image-spec, config.md, "Layer DiffID"
 */
export async function verifyImage(source: Fetcher, descriptor: Descriptor, options: VerifyImageOptions = {}): Promise<VerifiedImage> {
  const { limits, ...readOptions } = options;
  const image = await readImage(source, descriptor, readOptions);
  const budget = new LayerBudget(limits);
  const chain = chainIds(image.config.diffIds);
  const layers: VerifiedLayer[] = [];
  for (const layer of image.layers) {
    let size = 0;
    for await (const chunk of readLayerArchive(source, layer, { budget, ...(options.signal && { signal: options.signal }) })) {
      size += chunk.byteLength;
    }
    layers.push({ descriptor: layer.descriptor, diffId: layer.diffId, chainId: chain[layer.index] ?? layer.diffId, size });
  }
  return { descriptor: image.descriptor, config: image.manifest.config, layers };
}
