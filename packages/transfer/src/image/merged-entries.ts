import type { CallOptions, Fetcher } from "@berth/oci";
import { HardLinks, type LinkStep } from "./hard-links.ts";
import { LayerBudget, type LayerLimits } from "./layer-limits.ts";
import type { ImageLayer } from "./read-image.ts";
import { readLayerEntries } from "./read-layer.ts";
import type { TarEntryWithContent } from "./tar-entry.ts";
import { LayerPaths } from "./layer-paths.ts";
import { readWhiteout } from "./whiteout.ts";

/** Options of {@link mergedEntries}. */
export interface MergedEntriesOptions extends CallOptions {
  /** What the layers may hold, all together; default those that {@link LayerLimits} names. */
  readonly limits?: LayerLimits;
}

/** An entry of an image's file system, and the layer that it comes from. */
export interface MergedEntry extends TarEntryWithContent {
  readonly layer: ImageLayer;
}

const NOTHING: AsyncIterable<Uint8Array> = { async *[Symbol.asyncIterator]() {} };

/**
 * The entries of an image's file system: those of all layers that no layer above replaced or removed. The top layer comes first, so that
 * each layer is read once and only paths are kept in memory. A layer is read a second time when a hard link is left whose own target was
 * replaced above: its content is given to the first such link.
 *
 * As an overlay file system sees it, a path within `a` makes `a` a folder of that layer, whatever lies below. Where one layer has a path
 * twice both entries come, in the order of the layer: the later one counts.
 *
 * @throws {RootfsMismatchError} @throws {DigestMismatchError} at the end of the layer in question.
 * @throws {InvalidLayerError} @throws {UnsafeEntryError} @throws {LimitExceededError}
 */
export async function* mergedEntries(
  source: Fetcher,
  layers: readonly ImageLayer[],
  options: MergedEntriesOptions = {},
): AsyncGenerator<MergedEntry> {
  const { signal } = options;
  const call = { budget: new LayerBudget(options.limits), ...(signal && { signal }) };
  const upper = new LayerPaths();
  const links = new HardLinks(upper);
  for (const layer of layers.toReversed()) {
    const paths = new LayerPaths();
    links.enterLayer(paths);
    for await (const { entry, content } of readLayerEntries(source, layer, call)) {
      const whiteout = readWhiteout(entry.path);
      if (whiteout !== undefined) {
        paths.addWhiteout(whiteout);
        continue;
      }
      const isSeen = !upper.hides(entry.path, entry.type);
      paths.addEntry(entry.path, entry.type);
      if (isSeen && entry.type !== "hardlink") yield { entry, content, layer };
      yield* written(links.add(entry, isSeen), content, layer);
    }
    if (links.hasOrphans) {
      for await (const { entry, content } of readLayerEntries(source, layer, call))
        yield* written(links.takeOrphans(entry), content, layer);
    }
    upper.addAll(paths);
  }
  links.checkResolved();
}

function* written({ carrier, links }: LinkStep, content: AsyncIterable<Uint8Array>, layer: ImageLayer): Generator<MergedEntry> {
  if (carrier !== undefined) yield { entry: carrier, content, layer };
  for (const entry of links) yield { entry, content: NOTHING, layer };
}
