import { familiarString, InvalidReferenceError, isTagged, parseNormalizedNamed, tagNameOnly, trimNamed, withTag } from "@berth/oci";

/** The name of an image as docker archives have it: short, with a tag. @throws {InvalidReferenceError} for a digest and all else. */
export function repoTag(reference: string): string {
  const named = tagNameOnly(parseNormalizedNamed(reference));
  if (!isTagged(named)) throw new InvalidReferenceError(reference, "expected a name with a tag, not with a digest");
  return familiarString(withTag(trimNamed(named), named.tag));
}
