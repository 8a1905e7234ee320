import { isLookRefused, isNotFound } from "@berth/client";
import {
  bytesSource,
  type Descriptor,
  isDigest,
  isSchema1MediaType,
  isTag,
  type ReadOnlyTarget,
  SchemaV1UnsupportedError,
  type Target,
} from "@berth/oci";
import { readAllVerified } from "@berth/oci/node";
import { isReferenceFetcher, isResolver, manifestsOf } from "./abilities.ts";
import type { Attached } from "./attached.ts";
import { checkDigests } from "./check-digests.ts";
import { atStep, TagExistsError } from "./errors.ts";
import { isAtDestination } from "./at-destination.ts";
import { copyAttached, copyNode, type Tally } from "./node.ts";
import { CopyOperation, MAX_METADATA_BYTES } from "./operation.ts";
import type { CopiedTag, CopyOptions, CopyResult } from "./options.ts";
import { pointTags, publish } from "./publish.ts";
import { readManifest } from "./read-manifest.ts";

/**
 * Copies what a reference names, and tags it. When the destination has it already, that is found out with one request to each side.
 *
 * @param newReference tag or tags at the destination; default: `reference` if that is a tag, else none. A digest is no tag, alone or among
 *   tags: the content must have it.
 * @throws {InvalidReferenceError} when the content has another digest: nothing was written. @throws {TagExistsError} and everything that `copyGraph` throws.
 *
 * @example
 * ```ts
 * await copy(createRemoteRepository("docker.io/library/debian"), "12", createRemoteRepository("localhost:5000/debian"));
 * ```
 */
export async function copy(
  source: ReadOnlyTarget,
  reference: string,
  destination: Target,
  newReference?: string | readonly string[],
  options: CopyOptions = {},
): Promise<CopyResult> {
  const operation = new CopyOperation(source, destination, options);
  const wanted = newReference === undefined ? (isTag(reference) ? [reference] : []) : [newReference].flat();
  return await operation.run(async () => {
    const tags = [...new Set(wanted)].filter((one) => !isDigest(one));
    const looking = lookUp(operation, tags);
    // A tag that is at the destination may need no more than a look at the source. To find out costs nothing where no network is asked.
    const isNew = operation.isIntoLocal && tags.length > 0 && (await looking).size === 0;
    const [{ descriptor, bytes }, before] = await Promise.all([findRoot(operation, source, reference, isNew), looking]);
    checkDigests(wanted, descriptor);
    const { tags: copied, later } = await copyRoot(operation, descriptor, outcomesOf(descriptor, tags, before, options), bytes);
    await options.beforeTags?.(operation.asRead(descriptor));
    await pointTags(operation, descriptor, later);
    return { descriptor: operation.asRead(descriptor), tags: copied.map((one) => operation.asRead(one)), stats: operation.tally.stats };
  });
}

interface Root {
  readonly descriptor: Descriptor;
  /** Its bytes, when they came with it. */
  readonly bytes?: Uint8Array;
}

/** What a reference names; together with its bytes, if those are wanted and the source gives both in one answer. */
async function findRoot(operation: CopyOperation, source: ReadOnlyTarget, reference: string, withBytes: boolean): Promise<Root> {
  const { signal, options } = operation;
  const resolving = async <T>(resolve: () => Promise<T>): Promise<T> => await atStep("resolve", "source", undefined, signal, resolve);
  if (!withBytes || !isReferenceFetcher(source))
    return { descriptor: await resolving(async () => await source.resolve(reference, { signal })) };
  const { descriptor, content } = await resolving(async () => await source.fetchReference(reference, { signal }));
  const maxBytes = options.maxMetadataBytes ?? MAX_METADATA_BYTES;
  const reading = async (): Promise<Uint8Array> => await readAllVerified(content, descriptor, { maxBytes, signal });
  return { descriptor, bytes: await atStep("fetch", "source", descriptor, signal, reading) };
}

/** What tags name at the destination. Those that do not exist are not in it. */
export type TagsBefore = ReadonlyMap<string, Descriptor>;

/** Asks for tags of the destination; one that cannot be asked knows none, unless tags that exist are not to be moved. */
export async function lookUp({ destination, signal, options }: CopyOperation, tags: readonly string[]): Promise<TagsBefore> {
  const found = new Map<string, Descriptor>();
  if (!isResolver(destination)) return found;
  const ask = async (tag: string): Promise<void> => {
    try {
      found.set(tag, await destination.resolve(tag, { signal }));
    } catch (error) {
      const mayBeUnknown = (options.existingTags ?? "overwrite") === "overwrite" && isLookRefused(error);
      if (!mayBeUnknown && !isNotFound(error)) throw error;
    }
  };
  await atStep("resolve", "destination", undefined, signal, () => Promise.all(tags.map(ask)));
  return found;
}

/** What is to become of tags. @throws {TagExistsError} */
export function outcomesOf(
  { digest, size }: Descriptor,
  tags: readonly string[],
  before: TagsBefore,
  { existingTags = "overwrite" }: CopyOptions,
): readonly CopiedTag[] {
  return tags.map((tag): CopiedTag => {
    const there = before.get(tag);
    if (there?.digest === digest) return { tag, digest, size, outcome: "unchanged" };
    if (there === undefined || existingTags === "overwrite") return { tag, digest, size, outcome: "tagged" };
    if (existingTags === "refuse") throw new TagExistsError(tag, there.digest);
    return { tag, digest: there.digest, size: there.size, outcome: "kept" };
  });
}

/** What {@link copyRoot} did. */
interface CopiedRoot {
  /** With what was missing below those that are unchanged. */
  readonly tags: readonly CopiedTag[];
  /** Tags that are still to be moved. */
  readonly later: readonly string[];
}

/** Copies the graph below a root, and points at it the tags that are to be. @param read the root's bytes, when they are here already. */
export async function copyRoot(
  operation: CopyOperation,
  root: Descriptor,
  outcomes: readonly CopiedTag[],
  read?: Uint8Array,
): Promise<CopiedRoot> {
  if (outcomes.length > 0 && outcomes.every(({ outcome }) => outcome === "kept")) return { tags: outcomes, later: [] };
  if (isSchema1MediaType(root.mediaType)) throw new SchemaV1UnsupportedError(); // before it is looked for among what it is none of
  const { options } = operation;
  const tags = outcomes.filter(({ outcome }) => outcome === "tagged").map(({ tag }) => tag);
  const isTagged = outcomes.some(({ outcome }) => outcome === "unchanged");
  const isLast = options.atomic === true || options.beforeTags !== undefined;
  const [now, later] = isLast ? [[], tags] : [tags, []];
  // without a name it may be a blob, where one place holds all
  const isNamed = outcomes.length > 0 || manifestsOf(operation.source) !== undefined;
  if (operation.hasMet(root.digest)) {
    await copyNode(operation, { descriptor: root, told: true, isNamed, tags: now });
    return { tags: outcomes, later };
  }
  const looking = (isTagged && !operation.isIntoLocal) || isAtDestination(operation, root);
  const reading = read ?? (now.length > 0 ? readManifest(operation, { descriptor: root, told: true }) : undefined);
  const [isThere, bytes] = await Promise.all([looking, reading]);
  const attached: Attached[] = [];
  const tally: Tally = { copied: 0 };
  const mustLook = tags.length > 0; // a copy with nothing to do is to cost two requests, no other
  const node = {
    descriptor: root,
    told: true,
    isNamed,
    isThere,
    mustLook,
    tags: now,
    attached,
    tagLast: true,
    tally,
    ...(bytes && { bytes }),
  };
  await copyNode(operation, node);
  await copyAttached(operation, attached, tally);
  if (attached.length > 0 && bytes !== undefined) await publish(operation, root, bytesSource(bytes), now);
  const told = outcomes.map((one) => (one.outcome === "unchanged" && tally.copied > 0 ? { ...one, copied: tally.copied } : one));
  return { tags: told, later };
}
