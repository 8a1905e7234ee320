import { type CallOptions, type Descriptor, type Digest, referrersTag } from "@berth/oci";
import type { Place } from "../connect/place.ts";
import { readDescribed } from "./read-manifest.ts";
import { ifThere } from "./tag-details.ts";

/** Something that refers to a manifest, and is of little use without it. */
export interface Dependent {
  readonly descriptor: Descriptor;
  /** What it refers to. */
  readonly subject: Digest;
  /** The tag by which it hangs on that; undefined: it names it itself. */
  readonly tag?: string;
  /** Whether it is the list of referrers that clients keep where registries do not: it changes as these go. */
  readonly isList?: true;
}

/** What hangs on an image by tags made of its digest, as cosign has it. */
const SUFFIXES = [".sig", ".att", ".sbom"];

/** Manifests that are gathered, at most. */
const MAX_DEPENDENTS = 10_000;

/**
 * What refers to a manifest: as the place lists it, by its own word or by the list under the tag that stands in for that, and by tags of
 * cosign. Where nobody can tell it is nothing.
 */
export async function directDependents(place: Place, subject: Descriptor, call: CallOptions): Promise<readonly Dependent[]> {
  const { digest } = subject;
  const [referrers, listed, tagged] = await Promise.all([
    referrersOf(place, subject, call),
    listOf(place, digest, call),
    taggedOf(place, digest, call),
  ]);
  const seen = new Set<Digest>([digest]);
  const news = ({ descriptor }: Dependent): boolean => seen.size !== seen.add(descriptor.digest).size;
  return [...referrers, ...tagged, ...listed].filter(news);
}

/** Everything that refers to a manifest, and to what refers to it: each before what it refers to. */
export async function allDependents(place: Place, root: Descriptor, call: CallOptions): Promise<readonly Dependent[]> {
  const seen = new Set<Digest>([root.digest]);
  const found: Dependent[] = [];
  const gather = async (subject: Descriptor): Promise<void> => {
    for (const one of await directDependents(place, subject, call)) {
      if (seen.has(one.descriptor.digest) || seen.size >= MAX_DEPENDENTS) continue;
      seen.add(one.descriptor.digest);
      if (one.isList !== true) await gather(one.descriptor);
      found.push(one);
    }
  };
  await gather(root);
  return found;
}

async function referrersOf({ target }: Place, subject: Descriptor, call: CallOptions): Promise<readonly Dependent[]> {
  const found: Dependent[] = [];
  for await (const descriptor of target.referrers?.(subject, call) ?? []) {
    if (found.push({ descriptor, subject: subject.digest }) >= MAX_DEPENDENTS) break;
  }
  return found;
}

/** The list under the tag of a digest, behind what is in it. A registry that lists referrers itself may hold one of other days. */
async function listOf({ target }: Place, subject: Digest, call: CallOptions): Promise<readonly Dependent[]> {
  const tag = referrersTag(subject);
  const list = await ifThere(async () => await target.resolve(tag, call));
  if (list === undefined) return [];
  const read = await ifThere(async () => await readDescribed(target, list, call));
  if (read?.manifest.kind !== "index") return [];
  const there = await Promise.all(
    read.manifest.manifests.map(async ({ digest }) => await ifThere(async () => await target.resolve(digest, call))),
  );
  return [
    ...there.filter((one) => one !== undefined).map((descriptor) => ({ descriptor, subject })),
    { descriptor: list, subject, tag, isList: true },
  ];
}

async function taggedOf({ target }: Place, subject: Digest, call: CallOptions): Promise<readonly Dependent[]> {
  const found = await Promise.all(
    SUFFIXES.map(async (suffix): Promise<readonly Dependent[]> => {
      const tag = `${referrersTag(subject)}${suffix}`;
      const descriptor = await ifThere(async () => await target.resolve(tag, call));
      return descriptor === undefined ? [] : [{ descriptor, subject, tag }];
    }),
  );
  return found.flat();
}
