import { type CallOptions, type Digest, isDigest, UnsupportedError } from "@berth/oci";
import type { Place } from "../connect/place.ts";
import { inParallel } from "./in-parallel.ts";
import { chosen } from "./list-place.ts";
import { ManifestCache } from "./manifest-cache.ts";
import { tagPointsAt } from "./points-at.ts";
import { needsDetails, type SortedTag, sortTags, type TagOrder } from "./sort-tags.ts";
import { ifThere, tagDetails } from "./tag-details.ts";

/** Which tags are listed, and how. */
export interface TagQuery extends CallOptions {
  /** Asked once for each name. */
  readonly wanted: (name: string) => boolean;
  /** Tags at most, of those that are left in the end; undefined: all. */
  readonly limit?: number | undefined;
  /** Tags after this name. */
  readonly last?: string | undefined;
  /** Names that a registry is asked for at a time. */
  readonly pageSize?: number | undefined;
  /** Default: as the place lists them. */
  readonly order?: TagOrder | undefined;
  /** A digest, or a tag that names it. */
  readonly pointsAt?: string | undefined;
  /** Whether a tag of an index that holds it counts, too. */
  readonly inIndex?: boolean;
  /** Whether tags are looked up, also where neither order nor choice take it. */
  readonly details?: boolean;
  /** Tags that are looked up at a time. */
  readonly jobs: number;
  /** Told of tags that were listed, and are gone when they are looked up. */
  readonly onGone: (name: string) => void;
}

/**
 * Lists the tags of a place. Nothing is asked twice for the same digest, and names alone where they suffice: these come as the pages of the
 * registry do.
 *
 * @throws {UnsupportedError} where tags cannot be listed. @throws {NotFoundError} when nothing is there that tags are to name.
 */
export async function* listedTags(place: Place, query: TagQuery): AsyncGenerator<SortedTag> {
  const { wanted, limit, order, pointsAt, jobs, onGone, details = false } = query;
  const { target } = place;
  if (target.tags === undefined) throw new UnsupportedError(`list the tags of "${place.name}"`);
  const call: CallOptions = { ...(query.signal && { signal: query.signal }) };
  const cache = new ManifestCache(place, call);
  const isLookedUp = details || needsDetails(order);
  const digest = pointsAt === undefined ? undefined : await digestNamed(cache, pointsAt);
  const first = order === undefined && digest === undefined ? limit : undefined; // else the limit is about what comes out
  const { last, pageSize } = query;
  const pages = { ...call, ...(last !== undefined && { last }), ...(first !== undefined && pageSize !== undefined && { pageSize }) };
  const names = chosen(target.tags(pages), { limit: first, wanted });
  const look = async (name: string): Promise<SortedTag | "gone" | "other"> => {
    const found = await ifThere(async () => {
      if (digest === undefined) return await tagDetails(cache, name);
      const there = await tagPointsAt(cache, name, { digest, inIndex: query.inIndex === true });
      if (there === undefined) return "other";
      return isLookedUp ? await tagDetails(cache, name, there) : { name, digest: there.digest, mediaType: there.mediaType };
    });
    if (found === undefined) onGone(name);
    return found ?? "gone";
  };
  const found = digest === undefined && !isLookedUp ? named(names) : there(inParallel(names, jobs, look));
  yield* order === undefined ? upTo(found, limit) : (await sortTags(await Array.fromAsync(found), order)).slice(0, limit);
}

async function* named(names: AsyncIterable<string>): AsyncGenerator<SortedTag> {
  for await (const name of names) yield { name };
}

async function digestNamed(cache: ManifestCache, text: string): Promise<Digest> {
  return isDigest(text) ? text : (await cache.resolve(text)).digest;
}

async function* there(looked: AsyncIterable<SortedTag | "gone" | "other">): AsyncGenerator<SortedTag> {
  for await (const one of looked) if (typeof one === "object") yield one;
}

async function* upTo<T>(items: AsyncIterable<T>, limit = Number.POSITIVE_INFINITY): AsyncGenerator<T> {
  let count = 0;
  for await (const item of items) {
    yield item;
    if (++count >= limit) return;
  }
}
