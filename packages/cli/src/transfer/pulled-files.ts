import { join } from "node:path";
import type { Manifest } from "@berth/oci";

/** A file that a pull made. */
export interface PulledFile {
  readonly path: string;
  readonly mediaType: string;
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
}

/** The annotation that names a file. @see OCI image-spec, annotations.md */
const TITLE = "org.opencontainers.image.title";

/** The files of an artifact, and how many of its blobs are none. */
export function pulledFiles(manifest: Manifest, folder: string): { readonly files: readonly PulledFile[]; readonly unnamed: number } {
  const blobs = manifest.references.filter(({ kind }) => kind === "layer" || kind === "blob").map(({ descriptor }) => descriptor);
  const files = blobs.flatMap(({ mediaType, digest, size, annotations }) => {
    const title = annotations?.[TITLE];
    return title ? [{ path: join(folder, title), mediaType, digest, size }] : [];
  });
  const unnamed = blobs.filter(({ annotations, mediaType }) => !annotations?.[TITLE] && mediaType !== "application/vnd.oci.empty.v1+json");
  return { files, unnamed: unnamed.length };
}
