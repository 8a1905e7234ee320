import { InvalidArgumentError } from "commander";
import type { TagDetails } from "./tag-details.ts";

const KEYS = ["name", "version", "created", "size"] as const;

/** What tags are ordered by. */
export interface TagOrder {
  readonly by: (typeof KEYS)[number];
  /** The highest first. */
  readonly isReversed: boolean;
}

/** A tag with as much as is known of it. */
export type SortedTag = Pick<TagDetails, "name"> & Partial<TagDetails>;

/** Reads `created`, `-size`. @throws {InvalidArgumentError} */
export function parseOrder(text: string): TagOrder {
  const isReversed = text.startsWith("-");
  const by = KEYS.find((key) => key === (isReversed ? text.slice(1) : text));
  if (by === undefined) throw new InvalidArgumentError(`expected one of ${KEYS.join(", ")}, perhaps with - before it`);
  return { by, isReversed };
}

/** Whether tags have to be looked up to be ordered. */
export function needsDetails(order: TagOrder | undefined): boolean {
  return order?.by === "created" || order?.by === "size";
}

/** Orders tags; those that say nothing, such as names that are no versions, stand last; those that say the same keep their order. */
export async function sortTags<T extends SortedTag>(tags: readonly T[], order?: TagOrder): Promise<readonly T[]> {
  if (order === undefined) return tags;
  const { by, isReversed } = order;
  const sign = isReversed ? -1 : 1;
  if (by === "version") return await byVersion(tags, sign);
  const keyOf = ({ name, created, size }: T): number | string | undefined => ({ name, created: timeOf(created), size })[by];
  return tags.toSorted((a, b) => {
    const [one, other] = [keyOf(a), keyOf(b)];
    if (one === undefined || other === undefined) return Number(one === undefined) - Number(other === undefined);
    return one === other ? 0 : sign * (one < other ? -1 : 1);
  });
}

/** Versions by the rules of semver, so that 1.0-rc.1 stands before 1.0; then all else, numbers in names as numbers: bookworm-9, bookworm-10. */
async function byVersion<T extends SortedTag>(tags: readonly T[], sign: number): Promise<readonly T[]> {
  const { versionOf } = await import("../sync/tag-versions.ts");
  const { compare } = new Intl.Collator("en", { numeric: true });
  return tags
    .map((tag) => ({ tag, version: versionOf(tag.name) }))
    .toSorted((a, b) => {
      if (a.version === undefined || b.version === undefined) {
        return Number(a.version === undefined) - Number(b.version === undefined) || sign * compare(a.tag.name, b.tag.name);
      }
      return sign * (a.version.compare(b.version) || compare(a.tag.name, b.tag.name));
    })
    .map(({ tag }) => tag);
}

function timeOf(created: string | undefined): number | undefined {
  const time = created === undefined ? Number.NaN : Date.parse(created);
  return Number.isNaN(time) ? undefined : time;
}
