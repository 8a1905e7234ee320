import { type Digest, digestAlgorithm, digestEncoded } from "@berth/oci";

/*
 * Where bytes live in the storage driver. Blobs sit at the reference registry's own paths, so that its folders and buckets are
 * adopted in place and can be handed back. Uploads do not: one flat folder, because nothing has to be made and removed around
 * each session, and the sweep of strays is one listing.
 *
 *   /docker/registry/v2/blobs/<alg>/<hex[0:2]>/<hex>/data          layers, configs and manifests, raw bytes
 *   /docker/registry/v2/blobs/<alg>/<hex[0:2]>/<hex>/data.g<n>     the same, pushed again while the collector removed the former
 *   /docker/registry/v2/uploads/<uuid>[.<suffix>]                  bytes of a session that is not over
 */
const ROOT = "/docker/registry/v2";

/** The folder of upload sessions. */
export const UPLOADS_FOLDER: string = `${ROOT}/uploads`;

/** The folder of blobs. */
export const BLOBS_FOLDER: string = `${ROOT}/blobs`;

/** Path of a blob's bytes. */
export function blobPath(digest: Digest, generation = 0): string {
  const encoded = digestEncoded(digest);
  const file = generation === 0 ? "data" : `data.g${generation}`;
  return `${BLOBS_FOLDER}/${digestAlgorithm(digest)}/${encoded.slice(0, 2)}/${encoded}/${file}`;
}

/** Path of an upload session's bytes; a suffix sets the file of a new writer apart from that of a lost one. */
export function uploadPath(id: string, suffix?: string): string {
  return `${UPLOADS_FOLDER}/${id}${suffix === undefined ? "" : `.${suffix}`}`;
}

/** The session that a file in {@link UPLOADS_FOLDER} belongs to. */
export function uploadIdOf(path: string): string {
  const file = path.slice(path.lastIndexOf("/") + 1);
  const dot = file.indexOf(".");
  return dot === -1 ? file : file.slice(0, dot);
}
