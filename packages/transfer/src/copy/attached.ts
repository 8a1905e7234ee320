import { type Annotations, type Descriptor, digestAlgorithm, digestEncoded, referrersOf, UnsupportedError } from "@berth/oci";
import { isPredecessorFinder, isReferrerLister, isResolver, isTagLister } from "./abilities.ts";
import { atStep } from "./errors.ts";
import type { CopyOperation } from "./operation.ts";
import type { ReferrerSelection } from "./options.ts";

/** Something that goes with a manifest though the manifest does not name it. */
export interface Attached {
  readonly descriptor: Descriptor;
  /** Subjects between it and the root of the copy. */
  readonly hops: number;
  /** By which it hangs on the manifest; empty for referrers. */
  readonly tags: readonly string[];
}

/**
 * What is attached to a manifest, and wanted: referrers, and what is tagged with its digest.
 *
 * @param hops subjects between the manifest and the root of the copy.
 */
export async function attachedTo(operation: CopyOperation, subject: Descriptor, hops: number): Promise<readonly Attached[]> {
  const [referrers, tagged] = await Promise.all([referrersToCopy(operation, subject, hops), digestTagged(operation, subject)]);
  const all = [...referrers.map((descriptor) => ({ descriptor, tags: [] })), ...tagged];
  return all.map((one) => ({ ...one, hops: hops + 1 }));
}

const MAX_DEPTH = 8;

/** The referrers of a manifest that are wanted and were not met yet. */
async function referrersToCopy(operation: CopyOperation, subject: Descriptor, hops: number): Promise<readonly Descriptor[]> {
  const { source, signal, options } = operation;
  if (options.referrers === undefined || options.referrers === false) return [];
  const selection: ReferrerSelection = options.referrers === true ? {} : options.referrers;
  if (hops >= (selection.depth ?? MAX_DEPTH)) return [];
  const { artifactTypes } = selection;
  const only = artifactTypes?.length === 1 ? artifactTypes[0] : undefined;
  const found = await atStep("list", "source", subject, signal, async () => {
    if (!isReferrerLister(source) && !isPredecessorFinder(source)) throw new UnsupportedError("list referrers of the source");
    return await referrersOf(source, subject, { signal, ...(only !== undefined && { artifactType: only }) });
  });
  return found.filter((one) => isWanted(one, selection) && !operation.hasMet(one.digest));
}

function isWanted({ artifactType = "", annotations = {} }: Descriptor, selection: ReferrerSelection): boolean {
  if (selection.artifactTypes !== undefined && !selection.artifactTypes.includes(artifactType)) return false;
  const { annotationNames = [] } = selection;
  return annotationNames.every((name) => Object.hasOwn(annotations, name)) && hasAll(annotations, selection.annotations ?? {});
}

function hasAll(annotations: Annotations, wanted: Annotations): boolean {
  return Object.entries(wanted).every(([key, value]) => annotations[key] === value);
}

/** What is tagged with the digest of a manifest. The list of tags is read once in an operation. */
async function digestTagged(operation: CopyOperation, { digest }: Descriptor): Promise<readonly Omit<Attached, "hops">[]> {
  const { source, signal, options } = operation;
  if (options.digestTags !== true) return [];
  const list = tagsBefore.get(operation.whole) ?? listDigestTags(operation.whole);
  tagsBefore.set(operation.whole, list);
  const prefix = `${digestAlgorithm(digest)}-${digestEncoded(digest).slice(0, 64)}`;
  const hasReferrers = (options.referrers ?? false) !== false; // whoever stores them keeps the list of them
  const own = (await list).filter((tag) => tag.startsWith(`${prefix}.`) || (tag === prefix && !hasReferrers));
  return await atStep("resolve", "source", undefined, signal, async () => {
    if (!isResolver(source)) throw new UnsupportedError("look up tags of the source");
    return await Promise.all(own.map(async (tag) => ({ descriptor: await source.resolve(tag, { signal }), tags: [tag] })));
  });
}

const tagsBefore = new WeakMap<CopyOperation, Promise<readonly string[]>>();
const DIGEST_TAG = /^sha\d{3}-[0-9a-f]{64}(?:\.|$)/;

async function listDigestTags({ source, signal }: CopyOperation): Promise<readonly string[]> {
  return await atStep("list", "source", undefined, signal, async () => {
    if (!isTagLister(source)) throw new UnsupportedError("list tags of the source");
    const found: string[] = [];
    for await (const tag of source.tags({ signal })) if (DIGEST_TAG.test(tag)) found.push(tag);
    return found;
  });
}
