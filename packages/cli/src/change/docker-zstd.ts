import { type CallOptions, type Descriptor, type Fetcher, isIndexMediaType, MEDIA_TYPES } from "@berth/oci";
import { readDescribed } from "../content/read-manifest.ts";
import { ifThere } from "../content/tag-details.ts";
import type { Session } from "../session/session.ts";

/**
 * Warns of layers with zstd in an image of Docker's, or in one of an index: their media type is specified nowhere, and skopeo reads only
 * that of OCI.
 *
 * @param source where what was made is read.
 */
export async function warnOfDockerZstd(session: Session, source: Fetcher, made: Descriptor, { signal }: CallOptions): Promise<void> {
  const { mediaType } = made;
  if (mediaType !== MEDIA_TYPES.dockerManifest && !isIndexMediaType(mediaType)) return;
  const found = await ifThere(async () => await readDescribed(source, made, { ...(signal && { signal }) })); // of an index not all has to be there
  for (const { kind, descriptor } of found?.manifest.references ?? []) {
    if (kind === "child") await warnOfDockerZstd(session, source, descriptor, { ...(signal && { signal }) });
    else if (mediaType === MEDIA_TYPES.dockerManifest && descriptor.mediaType.endsWith(".zstd"))
      session.warnings.add(
        "an image in the form of Docker's has layers with zstd, which other tools may not read there: berth convert --to oci gives it that of OCI",
      );
  }
}
