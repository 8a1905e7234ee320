import { type Digest, digestAlgorithm, digestEncoded } from "./digest.ts";
import { parseTag, type Tag } from "./reference.ts";

/**
 * The tag under which clients keep the referrers of a manifest in registries without the referrers API: algorithm and digits, cut to 32
 * and 64 characters.
 *
 * @see OCI distribution-spec, "Referrers Tag Schema"
 */
export function referrersTag(subject: Digest): Tag {
  return parseTag(`${digestAlgorithm(subject).slice(0, 32)}-${digestEncoded(subject).slice(0, 64)}`);
}
