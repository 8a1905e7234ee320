import type { Descriptor, Fetcher } from "@berth/oci";
import type { FlattenOptions } from "./flatten.ts";
import { describeFile, type ImageFile } from "./image-file.ts";
import { mergedEntries } from "./merged-entries.ts";
import { readImage } from "./read-image.ts";

/**
 * Lists what a container of an image would see, each path once: those of the top layer first. Memory holds what one layer adds.
 *
 * @throws as `flatten` does, while it is read.
 */
export async function* listFiles(source: Fetcher, descriptor: Descriptor, options: FlattenOptions = {}): AsyncGenerator<ImageFile> {
  const { limits, platform, signal } = options;
  const call = signal && { signal };
  const image = await readImage(source, descriptor, { ...call, ...(platform && { platform }) });
  let files = new Map<string, ImageFile>();
  let layer = -1;
  for await (const merged of mergedEntries(source, image.layers, { ...call, ...(limits && { limits }) })) {
    if (merged.layer.index !== layer) {
      yield* files.values();
      files = new Map();
      layer = merged.layer.index;
    }
    files.set(merged.entry.path, describeFile(merged.entry, merged.layer)); // a later entry of the same layer counts
  }
  yield* files.values();
}
