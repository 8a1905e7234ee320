import { formatName, isDigest } from "@berth/oci";
import { type Location, namesWithin, tagsWithin } from "@berth/transfer/location";

/**
 * The tags that a copy gets at its destination: those that were asked for, else that of the source. What is copied by digest and named
 * nowhere gets none. Among them are the digests that the destination names: what the content has to be.
 *
 * @returns of a docker archive whole image names.
 * @throws {InvalidReferenceError} for a tag that the destination cannot have.
 */
export function tagsAt(to: Location, from: Location, extra: readonly string[]): readonly string[] {
  const own = namesWithin(to);
  const names = own.length > 0 ? own : [defaultTag(to, from)].filter((tag) => tag !== "");
  return tagsWithin(to, [...names, ...extra]);
}

function defaultTag(to: Location, from: Location): string {
  const tag = tagOf(from);
  if (to.transport !== "docker-archive") return tag;
  if (tag === "") return "";
  return from.transport === "registry"
    ? `${formatName(from.reference)}:${tag}`
    : from.transport === "docker-archive"
      ? (from.reference ?? "")
      : "";
}

/** The tag of a source; "" when it is named by its digest. */
function tagOf(from: Location): string {
  if (from.transport === "registry") {
    const { tag, digest } = from.reference;
    return tag ?? (digest === undefined ? "latest" : "");
  }
  const { reference } = from;
  if (reference === undefined) return "latest";
  if (isDigest(reference)) return "";
  // a docker archive names images whole
  return from.transport === "docker-archive" ? (/:([^:/]+)$/.exec(reference)?.[1] ?? "latest") : reference;
}
