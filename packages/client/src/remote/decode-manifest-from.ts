import { type ContentErrorOptions, decodeManifest, InvalidManifestError, type Manifest } from "@berth/oci";

/** Decodes a manifest that a registry sent; what is wrong with it is told with who sent it. @throws {InvalidManifestError} */
export function decodeManifestFrom(
  bytes: Uint8Array,
  mediaType: string | undefined,
  giver: Pick<ContentErrorOptions, "from" | "request">,
): Manifest {
  try {
    return decodeManifest(bytes, mediaType);
  } catch (error) {
    if (!(error instanceof InvalidManifestError)) throw error;
    throw new InvalidManifestError(error.reason, { ...giver, cause: error.cause });
  }
}
