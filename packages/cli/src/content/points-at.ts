import { type Descriptor, type Digest, isIndexMediaType } from "@berth/oci";
import type { ManifestCache } from "./manifest-cache.ts";

/** Which manifest tags are to name. */
export interface PointsAt {
  readonly digest: Digest;
  /** Whether an index that holds it counts, too. */
  readonly inIndex: boolean;
}

/** Indexes within indexes that are looked into. */
const MAX_DEPTH = 4;

/** What a tag names, when it is what is wanted: one request for a tag, and one for each index that is looked into. @throws {NotFoundError} */
export async function tagPointsAt(cache: ManifestCache, tag: string, wanted: PointsAt): Promise<Descriptor | undefined> {
  const named = await cache.resolve(tag);
  return (await leadsTo(cache, named, wanted)) === true ? named : undefined;
}

/**
 * Whether a manifest is what is wanted, or an index that holds it: one request for each index that is looked into. Undefined: nothing was
 * found, but not everything was looked into.
 *
 * @throws {NotFoundError}
 */
async function leadsTo(cache: ManifestCache, named: Descriptor, wanted: PointsAt, depth: number = 0): Promise<boolean | undefined> {
  if (named.digest === wanted.digest) return true;
  if (!wanted.inIndex || !isIndexMediaType(named.mediaType)) return false;
  if (depth >= MAX_DEPTH) return undefined;
  const { manifest } = await cache.read(named);
  if (manifest.kind !== "index") return false;
  if (manifest.manifests.some(({ digest }) => digest === wanted.digest)) return true;
  let isKnown = true;
  for (const child of manifest.manifests) {
    const found = await leadsTo(cache, child, wanted, depth + 1);
    if (found === true) return true;
    isKnown &&= found === false;
  }
  return isKnown ? false : undefined;
}
