import type { Descriptor, Digest, ReplayableSource } from "@berth/oci";
import { compressToFile, type CompressToFileOptions } from "./compress-to-file.ts";
import { layerMediaType } from "./layer-types.ts";
import { tarFolder, type TarInput } from "./tar-folder.ts";

/** Options of {@link layerFromFiles}. */
export interface LayerFromFilesOptions extends CompressToFileOptions {
  /** The time of every file, in seconds since 1970; default 0. */
  readonly epoch?: number;
  /** Default: that of OCI for the compression. */
  readonly mediaType?: string;
}

/** A layer at hand, in a temporary file. Dispose of it, or the file stays. */
export interface FileLayer extends AsyncDisposable {
  readonly descriptor: Descriptor;
  /** Digest of the archive before it was compressed, which the config of an image lists. */
  readonly diffId: Digest;
  /** The layer, to be pushed as often as needed. */
  readonly source: ReplayableSource;
}

/**
 * Makes a layer of files and folders on disk: the same files give the same layer, whoever owns them, whenever they were written. Memory
 * does not grow with their size.
 *
 * @throws {UnpackableFileError} @throws {RangeError} @throws the errors of the file system.
 */
export async function layerFromFiles(inputs: readonly TarInput[], options: LayerFromFilesOptions = {}): Promise<FileLayer> {
  const { epoch, mediaType, signal, ...rest } = options;
  const call = signal === undefined ? {} : { signal };
  const file = await compressToFile(tarFolder(inputs, { ...call, ...(epoch !== undefined && { epoch }) }), { ...rest, ...call });
  return {
    descriptor: { mediaType: mediaType ?? layerMediaType("oci", options.compression ?? "gzip"), digest: file.digest, size: file.size },
    diffId: file.contentDigest,
    source: file.source,
    [Symbol.asyncDispose]: async () => await file[Symbol.asyncDispose](),
  };
}
