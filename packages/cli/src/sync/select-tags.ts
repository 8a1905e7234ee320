import { isDigestTag, nameFilter } from "../content/name-filter.ts";
import type { TagSelection } from "./sync-file.ts";
import { inRange, latestOf } from "./tag-versions.ts";

/** The tags that are meant, in the order that they came in. Those that belong to another image, such as `sha256-....sig`, are not. */
export function selectTags(tags: readonly string[], { match, exclude, semver, latest }: TagSelection = {}): readonly string[] {
  const wanted = nameFilter({ ...(match && { match }), ...(exclude && { exclude }) });
  const named = tags.filter((tag) => wanted(tag) && !isDigestTag(tag));
  const ranged = semver === undefined ? named : inRange(named, semver);
  return latest === undefined ? ranged : latestOf(ranged, latest);
}
