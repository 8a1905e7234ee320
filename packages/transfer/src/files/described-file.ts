import type { Annotations, Descriptor, ReplayableSource } from "@berth/oci";
import { createDigester, fileSource } from "@berth/oci/node";
import { abortable } from "../archive/abortable.ts";
import { type CompressToFileOptions, compressToFile } from "../pack/compress-to-file.ts";
import { tarFolder, type TarFolderOptions } from "../pack/tar-folder.ts";
import { UNPACK, UNPACKED_DIGEST } from "./title.ts";

/** A file that was read once, and what its descriptor says beside the media type. */
export interface DescribedFile extends Pick<Descriptor, "digest" | "size"> {
  readonly source: ReplayableSource;
  readonly annotations: Annotations;
}

/** Reads a file for its digest. @throws what the file system says. */
export async function describeFile(path: string, signal: AbortSignal | undefined): Promise<DescribedFile> {
  const source = await fileSource(path);
  const digester = createDigester();
  for await (const chunk of abortable(source.openPassing?.() ?? source.open(), signal)) digester.update(chunk);
  return { digest: digester.digest(), size: digester.size, source, annotations: {} };
}

/** Options of {@link describeFolder}. */
export interface DescribeFolderOptions extends Omit<TarFolderOptions, "outwardLinks">, Pick<CompressToFileOptions, "temporaryFolder"> {}

/**
 * Packs a folder, and describes the archive. Dispose of it, or its file stays. Nothing in it may link out of it: nobody would unpack that.
 *
 * @param name what the entries of the archive stand below.
 * @throws {UnpackableFileError}
 */
export async function describeFolder(path: string, name: string, options: DescribeFolderOptions): Promise<DescribedFile & AsyncDisposable> {
  const { contentDigest, ...file } = await compressToFile(tarFolder([{ path, name }], { ...options, outwardLinks: "refuse" }), options);
  return { ...file, annotations: { [UNPACKED_DIGEST]: contentDigest, [UNPACK]: "true" } };
}
