import { isDigest, type Named, parseNormalizedNamed, parseReferenceWithin, parseTag } from "@berth/oci";
import { checkName } from "../layout/names.ts";
import type { Location } from "./location.ts";

/**
 * The tags that texts mean in a place, to be known before anything is written there: tags as they are, and in a registry also whole
 * references within the repository, as other tools want them. Digests stay: they say what the content has to be.
 *
 * @throws {InvalidReferenceError} for the first that the place cannot have.
 */
export function tagsWithin(location: Location, texts: readonly string[]): readonly string[] {
  const tags = texts.flatMap((text) => {
    if (isDigest(text)) return [text];
    if (location.transport !== "registry") checkName(text);
    else if (!text.includes("/")) parseTag(text);
    else return namesOf(location.reference, text);
    return [text];
  });
  return [...new Set(tags)];
}

function namesOf({ domain, path }: Named, text: string): readonly string[] {
  const { reference } = parseReferenceWithin({ registry: domain, repository: path }, text);
  const { tag } = parseNormalizedNamed(text); // that beside a digest
  return tag === undefined || tag === reference ? [reference] : [tag, reference];
}
