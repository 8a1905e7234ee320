import { formatRegistryReference, isDigest, isTag, parseDigest, parseTag } from "@berth/oci";
import type { Location } from "@berth/transfer/location";

/** A place as people write it, with a tag or digest instead of its own: `localhost:5000/app:v1`, `oci:folder@sha256:...`. */
export function describeLocation(location: Location, reference?: string): string {
  if (location.transport !== "registry") {
    const { transport, path, reference: own = "" } = location;
    const shown = reference ?? own;
    if (shown === "") return `${transport}:${path}`;
    return `${transport}:${path}${isDigest(shown) ? "@" : ":"}${shown}`;
  }
  const { domain, path, digest, tag } = location.reference;
  const shown = reference ?? digest ?? tag ?? "";
  const repository = { registry: domain, repository: path };
  if (isDigest(shown)) return formatRegistryReference({ ...repository, reference: parseDigest(shown) });
  return isTag(shown) ? formatRegistryReference({ ...repository, reference: parseTag(shown) }) : `${domain}/${path}`;
}
