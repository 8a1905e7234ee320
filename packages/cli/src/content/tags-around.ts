import { type CallOptions, type Descriptor, type Digest, isDigest, isIndexMediaType } from "@berth/oci";
import type { Place } from "../connect/place.ts";
import { inParallel, LOOK_UPS } from "./in-parallel.ts";
import { chosen } from "./list-place.ts";
import { ListedBy } from "./listed-by.ts";
import { ifThere } from "./tag-details.ts";

/** What names a manifest in its place, as far as it was looked for. */
export interface TagsAround {
  /** Tags that name it. */
  readonly tags: readonly string[];
  /** Tags that name an index which lists it. */
  readonly indexes: readonly string[];
  /** Whether every tag was looked at; else more may name it. */
  readonly hasAllTags: boolean;
  /** What was not looked at, in words: more tags may name it, or an index that lists it. Undefined: everything was. */
  readonly unseen: string | undefined;
}

/** How far is looked. */
export interface AroundLimits {
  /** Tags that are looked up: each costs a request. Default 10,000. */
  readonly tags?: number;
  /** Indexes that are read, at any depth. Default 10,000. */
  readonly indexes?: number;
}

const MAX_TAGS = 10_000;
const MAX_INDEXES = 10_000;
/** Finds what would go, or be broken, with a manifest. Where tags cannot be listed it is the one that led to it. */
export async function tagsAround(place: Place, digest: Digest, call: CallOptions, limits?: AroundLimits): Promise<TagsAround> {
  return (await tagsAroundAll(place, [digest], call, limits))(digest);
}

/** Finds the same for several manifests, with no more requests than for one. */
export async function tagsAroundAll(
  place: Place,
  digests: readonly Digest[],
  call: CallOptions,
  { tags: maxTags = MAX_TAGS, indexes: maxIndexes = MAX_INDEXES }: AroundLimits = {},
): Promise<(digest: Digest) => TagsAround> {
  const known = isDigest(place.reference) ? [] : [place.reference];
  const listed = await listTags(place, maxTags, call);
  const wanted = new Set(digests);
  const within = new ListedBy(place, wanted, maxIndexes, call);
  const look = async (tag: string): Promise<Seen | undefined> => {
    const named = await ifThere(async () => await place.target.resolve(tag, call));
    return named === undefined ? undefined : { tag, named, lists: isIndexMediaType(named.mediaType) ? await within.of(named) : NOTHING };
  };
  const names = listed === undefined ? [] : [...new Set([...listed.slice(0, maxTags), ...known])];
  const seen = (await Array.fromAsync(inParallel(names, LOOK_UPS, look))).filter((one) => one !== undefined);
  const hasAllTags = listed !== undefined && listed.length <= maxTags;
  return (digest) => ({
    tags: listed === undefined ? known : seen.filter(({ named }) => named.digest === digest).map(({ tag }) => tag),
    indexes: seen.filter(({ named, lists }) => named.digest !== digest && lists.has(digest)).map(({ tag }) => tag),
    hasAllTags,
    unseen: listed === undefined ? "its tags cannot be listed" : hasAllTags ? within.unseen : `there are more than ${maxTags} tags`,
  });
}

interface Seen {
  readonly tag: string;
  readonly named: Descriptor;
  /** What is wanted, and in it. */
  readonly lists: ReadonlySet<Digest>;
}

const NOTHING: ReadonlySet<Digest> = new Set();

/** One more than are looked up, of many; undefined: not every registry lists tags, and not for everybody. */
async function listTags({ target }: Place, limit: number, call: CallOptions): Promise<readonly string[] | undefined> {
  if (target.tags === undefined) return undefined;
  try {
    return await Array.fromAsync(chosen(target.tags(call), { limit: limit + 1, wanted: () => true }));
  } catch {
    call.signal?.throwIfAborted();
    return undefined;
  }
}
