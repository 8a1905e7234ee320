import { type CallOptions, type Digest, isDigest } from "@berth/oci";
import { InvalidArgumentError } from "commander";
import type { Place } from "../connect/place.ts";
import { inParallel } from "./in-parallel.ts";
import type { TagDetails } from "./tag-details.ts";

const KEYS = ["name", "version", "created", "size"] as const;

/** What tags are ordered by. */
export interface TagOrder {
  readonly by: (typeof KEYS)[number];
  /** The highest first. */
  readonly isReversed: boolean;
}

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

/** Orders tags; those that say nothing stand last, those that say the same keep their order. */
export function sortTags<T extends Pick<TagDetails, "name"> & Partial<TagDetails>>(tags: readonly T[], order?: TagOrder): readonly T[] {
  if (order === undefined) return tags;
  const { by, isReversed } = order;
  const sign = isReversed ? -1 : 1;
  if (by === "version") return tags.toSorted((a, b) => sign * byVersion(a.name, b.name));
  const keyOf = ({ name, created, size }: T): number | string | undefined => ({ name, created: timeOf(created), size })[by];
  return tags.toSorted((a, b) => {
    const [one, other] = [keyOf(a), keyOf(b)];
    if (one === undefined || other === undefined) return Number(one === undefined) - Number(other === undefined);
    return one === other ? 0 : sign * (one < other ? -1 : 1);
  });
}

/** Numbers in names count as numbers: 1.9 stands before 1.10. */
const natural: Intl.Collator = new Intl.Collator("en", { numeric: true });

function byVersion(a: string, b: string): number {
  return natural.compare(a.replace(/^v(?=\d)/, ""), b.replace(/^v(?=\d)/, ""));
}

function timeOf(created: string | undefined): number | undefined {
  const time = created === undefined ? Number.NaN : Date.parse(created);
  return Number.isNaN(time) ? undefined : time;
}

/** A digest as it was given, or what a tag of the place names. */
export async function digestOf({ target }: Place, text: string, call: CallOptions): Promise<Digest> {
  return isDigest(text) ? text : (await target.resolve(text, call)).digest;
}

/** The tags that name a digest: one small request each, some at a time. */
export async function* pointingAt(
  { target }: Place,
  names: AsyncIterable<string>,
  digest: Digest,
  jobs: number,
  call: CallOptions,
): AsyncGenerator<string> {
  const found = inParallel(names, jobs, async (name) => ({ name, digest: (await target.resolve(name, call)).digest }));
  for await (const one of found) if (one.digest === digest) yield one.name;
}
