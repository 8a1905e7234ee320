import type { Descriptor, Fetcher } from "@berth/oci";
import { extractEntries, type ExtractEntriesOptions, type ExtractResult } from "./extract-tar.ts";
import type { FlattenOptions } from "./flatten.ts";
import { writingTo } from "../no-space.ts";
import { mergedEntries } from "./merged-entries.ts";
import { readImage } from "./read-image.ts";

/** Options of {@link extract}. */
export interface ExtractOptions extends FlattenOptions, ExtractEntriesOptions {}

/**
 * Unpacks the file system of an image into a folder, and writes nowhere else whatever its layers say. Layers are checked while they are
 * read. When it fails or is stopped, a folder that it made is gone again, and one that was empty is empty.
 *
 * @throws {FolderNotEmptyError} @throws {UnsafeEntryError} @throws {RootfsMismatchError} @throws {InvalidLayerError}
 * @throws {LimitExceededError} @throws {UnsupportedError} for owners without being root, and for what has no layers of files.
 */
export async function extract(
  source: Fetcher,
  descriptor: Descriptor,
  folder: string,
  options: ExtractOptions = {},
): Promise<ExtractResult> {
  const { signal, limits, platform, ...extractOptions } = options;
  const call = signal && { signal };
  const image = await readImage(source, descriptor, { ...call, ...(platform && { platform }) });
  const entries = mergedEntries(source, image.layers, { ...call, ...(limits && { limits }) });
  return await writingTo(folder, async () => await extractEntries(entries, folder, { ...call, ...extractOptions }));
}
