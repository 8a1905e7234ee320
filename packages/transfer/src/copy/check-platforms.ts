import { decodeManifest, type Descriptor, type Fetcher, isIndexMediaType } from "@berth/oci";
import { fetchByDigest } from "@berth/oci/node";
import { chosenChildren } from "./children.ts";
import { atStep } from "./errors.ts";
import { MAX_METADATA_BYTES } from "./operation.ts";
import type { CopyGraphOptions } from "./options.ts";

/**
 * Looks whether an index has images for the platforms that a copy with these options wants, and fails or tells as that copy would. Nothing
 * is copied; what is no index is not even read.
 *
 * @throws {CopyError} caused by a `PlatformNotFoundError`, or by what reading the index failed with. @throws {LimitExceededError}
 */
export async function checkPlatforms(
  source: Fetcher,
  root: Descriptor,
  options: Pick<CopyGraphOptions, "maxMetadataBytes" | "onPlatformMissing" | "platforms" | "signal">,
): Promise<void> {
  const { platforms = [], maxMetadataBytes: maxBytes = MAX_METADATA_BYTES, signal } = options;
  if (platforms.length === 0 || !isIndexMediaType(root.mediaType)) return;
  const read = { maxBytes, ...(signal && { signal }) };
  const { bytes } = await atStep("fetch", "source", root, signal, async () => await fetchByDigest(source, root, read));
  chosenChildren(decodeManifest(bytes, root.mediaType), { descriptor: root, isRoot: true }, options);
}
