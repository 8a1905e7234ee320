import { Readable } from "node:stream";
import type { Descriptor, Fetcher } from "@berth/oci";
import { ImagePathError } from "./errors.ts";
import { type FoundEntry, ImageFiles } from "./image-files.ts";
import { describeFile, type ImageFile } from "./image-file.ts";
import type { FlattenOptions } from "./flatten.ts";
import { LayerBudget } from "./layer-limits.ts";
import { readImage } from "./read-image.ts";
import { readLayerEntries, type ReadLayerOptions } from "./read-layer.ts";

/** Options of {@link readFileOf}. */
export interface ReadFileOptions extends FlattenOptions {
  /** Whether a link is followed when the path leads to one; default true. Links on the way are always followed. */
  readonly followLinks?: boolean;
}

/** A file of an image with its content. */
export interface OpenedImageFile extends ImageFile {
  /** Consume it or destroy it. It fails instead of ending when the layer is not what it should be. */
  readonly content: Readable;
}

/**
 * Opens one file of an image. Layers are read from the top and no further than the one that decides; links are followed within the image.
 *
 * @param path absolute, or relative to the root of the image.
 * @throws {ImagePathError} when it leads to no file: told apart by `code`.
 * @throws {PlatformNotFoundError} @throws {RootfsMismatchError} @throws {InvalidLayerError} @throws {LimitExceededError}
 */
export async function readFileOf(
  source: Fetcher,
  descriptor: Descriptor,
  path: string,
  options: ReadFileOptions = {},
): Promise<OpenedImageFile> {
  const { followLinks = true, limits, platform, signal } = options;
  const call = signal && { signal };
  const image = await readImage(source, descriptor, { ...call, ...(platform && { platform }) });
  const layerOptions = { ...call, budget: new LayerBudget(limits) };
  const files = new ImageFiles(source, image, layerOptions);
  const found = await files.resolve(path, followLinks);
  if (found === "folder") throw new ImagePathError("ERR_IMAGE_PATH_IS_FOLDER", path, "it is a folder");
  const target = await files.targetOf(found);
  if (target.entry.type !== "file") throw new ImagePathError("ERR_IMAGE_PATH_NOT_FILE", path, `it is a ${target.entry.type}`);
  const kept = target.index.keptContent(target);
  const content = kept === undefined ? contentOf(source, target, layerOptions) : [kept];
  const described = describeFile({ ...target.entry, path: found.entry.path }, found.index.layer);
  return { ...described, content: Readable.from(content, { objectMode: false, highWaterMark: 262_144 }) };
}

/** Reads the layer again, to its end: then it is known that the content is the right one. */
async function* contentOf(source: Fetcher, { index, number }: FoundEntry, options: ReadLayerOptions): AsyncGenerator<Uint8Array> {
  let at = 0;
  for await (const { content } of readLayerEntries(source, index.layer, options)) {
    if (at++ === number) yield* content;
  }
}
