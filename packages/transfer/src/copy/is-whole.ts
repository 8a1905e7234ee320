import { type CallOptions, decodeManifest, type Descriptor, type Fetcher, isForeignLayerMediaType, isManifestMediaType } from "@berth/oci";
import { fetchByDigest } from "@berth/oci/node";
import { holderOf, remoteOf } from "./abilities.ts";
import { childrenOf } from "./children.ts";
import type { CopyGraphOptions } from "./options.ts";

/** Options of {@link isWhole}. */
export type IsWholeOptions = CallOptions & Pick<CopyGraphOptions, "external" | "maxMetadataBytes">;

/** Whether a place holds something and all below it; a registry is believed to hold what is below a manifest. */
export async function isWhole(place: Fetcher, target: Descriptor, options: IsWholeOptions = {}): Promise<boolean> {
  const { external = false, maxMetadataBytes: maxBytes, signal } = options;
  const call = { ...(signal && { signal }) };
  const met = new Set<string>();
  const isHere = async (one: Descriptor): Promise<boolean> => {
    if (met.has(one.digest)) return true; // whoever met it first says otherwise
    met.add(one.digest);
    if ((await holderOf(place)?.exists(one, call)) !== true) return false;
    if (remoteOf(place) !== undefined || !isManifestMediaType(one.mediaType)) return true;
    const { bytes } = await fetchByDigest(place, one, { ...call, ...(maxBytes !== undefined && { maxBytes }) });
    const below = childrenOf(decodeManifest(bytes, one.mediaType));
    const needed = below.filter(({ mediaType, urls = [] }) => external || !isForeignLayerMediaType(mediaType) || urls.length === 0);
    const found = await Promise.all(needed.map(isHere));
    return found.every(Boolean);
  };
  return await isHere(target);
}
