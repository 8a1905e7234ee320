import { type CallOptions, type Digest, isDigest, isIndexMediaType } from "@berth/oci";
import type { Place } from "../connect/place.ts";
import { inParallel } from "./in-parallel.ts";
import { chosen } from "./list-place.ts";
import { ManifestCache } from "./manifest-cache.ts";
import { leadsTo } from "./points-at.ts";
import { ifThere } from "./tag-details.ts";

/** What names a manifest in its place, as far as it was looked for. */
export interface TagsAround {
  /** Tags that name it. */
  readonly tags: readonly string[];
  /** Tags that name an index which lists it. */
  readonly indexes: readonly string[];
  /** Whether every tag was looked at; else more may name it. */
  readonly hasAllTags: boolean;
  /** Whether every tag was looked at, and into every index; else more may name it, or an index that lists it. */
  readonly isComplete: boolean;
}

/** Tags that are looked up, at most: each costs a request. */
const MAX_TAGS = 1000;
/** Indexes that are read, at most. */
const MAX_INDEXES = 100;
/** At a time. */
const LOOK_UPS = 8;

/** Finds what would go, or be broken, with a manifest. Where tags cannot be listed it is the one that led to it. */
export async function tagsAround(place: Place, digest: Digest, call: CallOptions): Promise<TagsAround> {
  const known = isDigest(place.reference) ? [] : [place.reference];
  const listed = await listTags(place, call);
  if (listed === undefined) return { tags: known, indexes: [], hasAllTags: false, isComplete: false };
  const cache = new ManifestCache(place, call);
  const indexes = new Set<Digest>();
  const look = async (tag: string): Promise<"tag" | "index" | "other" | "unknown"> => {
    const named = await ifThere(async () => await cache.resolve(tag));
    if (named === undefined) return "other"; // gone meanwhile
    if (named.digest === digest) return "tag";
    if (!isIndexMediaType(named.mediaType)) return "other";
    if (!indexes.has(named.digest) && indexes.size >= MAX_INDEXES) return "unknown";
    indexes.add(named.digest);
    const isListed = await ifThere(async () => await leadsTo(cache, named, { digest, inIndex: true }));
    return isListed === undefined ? "unknown" : isListed ? "index" : "other";
  };
  const names = [...new Set([...listed.slice(0, MAX_TAGS), ...known])];
  const found = await Array.fromAsync(inParallel(names, LOOK_UPS, look));
  const of = (kind: string): readonly string[] => names.filter((_, at) => found[at] === kind);
  const hasAllTags = listed.length <= MAX_TAGS;
  return { tags: of("tag"), indexes: of("index"), hasAllTags, isComplete: hasAllTags && !found.includes("unknown") };
}

/** One more than are looked up, of many; undefined: not every registry lists tags, and not for everybody. */
async function listTags({ target }: Place, call: CallOptions): Promise<readonly string[] | undefined> {
  if (target.tags === undefined) return undefined;
  try {
    return await Array.fromAsync(chosen(target.tags(call), { limit: MAX_TAGS + 1, wanted: () => true }));
  } catch {
    call.signal?.throwIfAborted();
    return undefined;
  }
}
