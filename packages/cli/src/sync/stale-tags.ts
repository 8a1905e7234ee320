import { type CallOptions, type Descriptor, UnsupportedError } from "@berth/oci";
import { type Place, withPlace } from "../connect/place.ts";
import { changeable } from "../content/changeable.ts";
import { mayDelete } from "../content/confirm-delete.ts";
import { inParallel, LOOK_UPS } from "../content/in-parallel.ts";
import { isDigestTag } from "../content/name-filter.ts";
import { ifThere } from "../content/tag-details.ts";
import { tagsAroundAll } from "../content/tags-around.ts";
import { untagAt } from "../content/untag-at.ts";
import { AdvisedError } from "../errors/advised-error.ts";
import { isMissing } from "../errors/is-missing.ts";
import { CommandFailure, EXIT_CODE } from "../exit-code.ts";
import type { Session } from "../session/session.ts";
import { destinationTags } from "./destination-tags.ts";
import { selectTags } from "./select-tags.ts";
import { imageName, placeName, type SyncPair } from "./sync-pair.ts";

/** A repository, layout or archive that was synced as a whole. */
export interface WholeSource {
  readonly pair: SyncPair;
  /** All of its tags. */
  readonly listed: readonly string[];
  /** Whether none of them was meant. */
  readonly isEmpty: boolean;
}

/** A tag at a destination that its source has no more. */
export interface StaleTag {
  /** The place that lacks it, as it is told. */
  readonly source: string;
  /** The place that has it, with the tag, as it is told. */
  readonly reference: string;
  readonly tag: string;
}

/**
 * Finds the tags of destinations that their sources have no more. Only what an item could have brought is looked at: tags that its patterns
 * and versions mean, with its suffix. What another item brings to the same place is not stale.
 *
 * @param brought every reference that the run brought, or left as it was.
 * @throws {CommandFailure} when a destination would lose every tag because nothing of its source was meant.
 */
export async function findStaleTags(
  session: Session,
  sources: readonly WholeSource[],
  brought: ReadonlySet<string>,
  call: CallOptions,
): Promise<readonly StaleTag[]> {
  const stale = new Map<string, StaleTag>();
  for (const { pair, listed, isEmpty } of sources) {
    const { source, destination, item } = pair;
    const { suffix = "", tags: { latest: _, ...selection } = {} } = item;
    const there = (await destinationTags(session, destination, call)).filter((tag) => !isDigestTag(tag));
    const known = new Set(listed);
    const gone = there.filter((tag) => {
      const name = tag.slice(0, tag.length - suffix.length);
      const isOurs = tag.endsWith(suffix) && selectTags([name], selection).length > 0;
      return isOurs && !known.has(name) && !brought.has(imageName(destination, tag));
    });
    if (isEmpty && gone.length > 0 && gone.length === there.length)
      throw new CommandFailure(
        EXIT_CODE.conflict,
        `will not delete every tag of "${placeName(destination)}": no tag of "${placeName(source)}" is meant`,
      );
    for (const tag of gone) {
      const reference = imageName(destination, tag);
      stale.set(reference, { source: placeName(source), reference, tag });
    }
  }
  return [...stale.values()];
}

/** Takes stale tags away, once somebody said yes. @throws {CommandFailure} */
export async function deleteStaleTags(session: Session, stale: readonly StaleTag[], force: boolean): Promise<void> {
  const names = stale.map(({ reference }) => reference);
  const shown = `${names.slice(0, 5).join(", ")}${names.length > 5 ? ` and ${names.length - 5} more` : ""}`;
  const what =
    stale.length === 1 ? `1 tag that its source has no more, ${shown}` : `${stale.length} tags that their sources have no more, ${shown}`;
  if (!(await mayDelete(session, what, { force }))) return;
  for (const group of Map.groupBy(stale, placeOf).values()) {
    const tags = new Set(group.map(({ tag }) => tag));
    let around: Around | undefined; // all of a place is looked at once, and only when it has to be
    const job: StaleJob = { tags, gone: new Set(), lookAround: async (place, call) => (around ??= await aroundAll(place, tags, call)) };
    for (const one of group)
      await withPlace(session, one.reference, async (place, call) => await untagOrDelete(session, place, job, call), { side: "to" });
  }
}

type Around = Awaited<ReturnType<typeof tagsAroundAll>>;

/** Stale tags of one place. */
interface StaleJob {
  readonly tags: ReadonlySet<string>;
  /** Those that went with a manifest. */
  readonly gone: Set<string>;
  readonly lookAround: (place: Place, call: CallOptions) => Promise<Around>;
}

/** What names the manifests of stale tags. */
async function aroundAll(place: Place, tags: ReadonlySet<string>, call: CallOptions): Promise<Around> {
  const resolve = async (tag: string): Promise<Descriptor | undefined> => await ifThere(async () => await place.target.resolve(tag, call));
  const found = await Array.fromAsync(inParallel(tags, LOOK_UPS, resolve));
  const digests = new Set(found.flatMap((one) => one?.digest ?? []));
  return await tagsAroundAll(place, [...digests], call);
}

/** Older registries delete by digest only, with all tags: that will do where every tag of a manifest is stale, and no index lists it. */
async function untagOrDelete(
  session: Session,
  place: Place,
  { tags: stale, gone, lookAround }: StaleJob,
  call: CallOptions,
): Promise<void> {
  const target = await changeable(session, place);
  try {
    await untagAt(target, place, call);
  } catch (error) {
    if (!isMissing(error) && !(error instanceof AdvisedError) && !(error instanceof UnsupportedError)) throw error;
    const descriptor = await ifThere(async () => await place.target.resolve(place.reference, call));
    if (descriptor === undefined) return; // it went with another one
    const { tags, indexes, unseen } = (await lookAround(place, call))(descriptor.digest);
    const isMoved = !tags.includes(place.reference); // since it was looked at
    const isListed = indexes.some((tag) => !gone.has(tag));
    if (unseen !== undefined || isMoved || isListed || tags.some((tag) => !stale.has(tag))) throw error;
    await target.delete(descriptor, call);
    for (const tag of tags) gone.add(tag);
  }
}

function placeOf({ reference, tag }: StaleTag): string {
  return reference.slice(0, -tag.length);
}
