import { isDigest, parseReferenceWithin, parseTag } from "@berth/oci";
import { checkName } from "../layout/names.ts";
import type { Location } from "./location.ts";

/**
 * The tags that texts mean in a place, to be known before anything is written there: tags as they are, and in a registry also whole
 * references within the repository, as other tools want them. Digests stay: what is written may be of one.
 *
 * @throws {InvalidReferenceError} for the first that the place cannot have.
 */
export function tagsWithin(location: Location, texts: readonly string[]): readonly string[] {
  const tags = texts.map((text) => {
    if (isDigest(text)) return text;
    if (location.transport !== "registry") checkName(text);
    else if (!text.includes("/")) parseTag(text);
    else return parseReferenceWithin({ registry: location.reference.domain, repository: location.reference.path }, text).reference;
    return text;
  });
  return [...new Set(tags)];
}
