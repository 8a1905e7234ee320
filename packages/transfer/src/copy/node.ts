import {
  bytesSource,
  decodeManifest,
  type Descriptor,
  isIndexMediaType,
  isManifestMediaType,
  isSchema1MediaType,
  LimitExceededError,
  SchemaV1UnsupportedError,
} from "@berth/oci";
import { isTitleChecker } from "./abilities.ts";
import { type Attached, attachedTo } from "./attached.ts";
import { chosenChildren } from "./children.ts";
import { atStep } from "./errors.ts";
import { copyLeaf } from "./leaf.ts";
import { isAtDestination } from "./at-destination.ts";
import type { CopyOperation } from "./operation.ts";
import { pointTags, publish } from "./publish.ts";
import { type ManifestToRead, readManifest, readThere } from "./read-manifest.ts";
import { orSparse } from "./sparse-index.ts";
import { refuseMisnamed } from "./unknown-manifest.ts";

const MAX_DEPTH = 8;
const CONCURRENCY = 6;

/** A count of what came over for one root. */
export interface Tally {
  /** Manifests and blobs. */
  copied: number;
}

/** A piece of a graph on its way. */
export interface Node extends ManifestToRead {
  /** Indexes above it; default 0. */
  readonly depth?: number;
  /** Subjects between it and the root; default 0. */
  readonly hops?: number;
  /** Its bytes, when they were read already. */
  readonly bytes?: Uint8Array;
  /** Whether the destination has it, when that is known. */
  readonly isThere?: boolean;
  /** Looks into indexes also where the destination has them. Default false. */
  readonly mustLook?: boolean;
  /** Counts what came over. */
  readonly tally?: Tally;
  /** Whether a reference leads to it: then it is a manifest, of whatever type. Of unknown types nothing is looked for below. Default false. */
  readonly isNamed?: boolean;
  /** Tags to point at it, once all is there. */
  readonly tags?: readonly string[];
  /** Takes what is attached to this manifest and those below it: it is copied once they are there. Without it, that is not looked for. */
  readonly attached?: Attached[];
  /** Leaves the tags alone when there is something attached: they are then moved when that is there too. */
  readonly tagLast?: boolean;
}

/** Copies one node and what is below it, once in the whole operation. */
export async function copyNode(operation: CopyOperation, node: Node): Promise<void> {
  const { descriptor, tags = [] } = node;
  const isManifest = node.isNamed === true || isManifestMediaType(descriptor.mediaType);
  if (operation.hasMet(descriptor.digest) && tags.length > 0) {
    await copyNode(operation, { ...node, tags: [] });
    return await pointTags(operation, descriptor, tags);
  }
  await operation.once(descriptor, isManifest, async () => {
    const isNew = isManifest ? await copyManifest(operation, node) : await copyLeaf(operation, descriptor);
    if (isNew && node.tally !== undefined) node.tally.copied++;
  });
}

/**
 * A manifest waits for what is below it, never for what is attached to it: that may be an index which has the manifest below it.
 *
 * @returns whether it came over.
 */
async function copyManifest(operation: CopyOperation, node: Node): Promise<boolean> {
  const { descriptor, depth = 0, hops = 0, tags = [], attached, mustLook = false, tally } = node;
  const { destination, signal } = operation;
  const ofThis: Tally = { copied: 0 };
  const { maxDepth = MAX_DEPTH } = operation.options;
  if (isSchema1MediaType(descriptor.mediaType)) throw new SchemaV1UnsupportedError();
  if (depth > maxDepth) throw new LimitExceededError({ what: `index at depth ${depth}`, limit: maxDepth });
  const isIndex = isIndexMediaType(descriptor.mediaType);
  const isThere = node.isThere ?? (await isAtDestination(operation, descriptor));
  let bytes = node.bytes;
  if (!isThere || (mustLook && isIndex) || operation.looksInto({ isIndex })) {
    bytes ??= await (isThere ? readThere(operation, node) : readManifest(operation, node));
    refuseMisnamed(descriptor, bytes);
    const isRoot = depth === 0 && hops === 0;
    const below = chosenChildren(decodeManifest(bytes, descriptor.mediaType), { descriptor, isRoot }, operation.options);
    if (isTitleChecker(destination)) {
      await atStep("push", "destination", descriptor, signal, async () => await destination.checkTitles(below, { signal }));
    }
    const next = { depth: depth + 1, hops, mustLook, tally: ofThis, ...(attached && { attached }) };
    const copyChild = async (child: Descriptor): Promise<void> => {
      try {
        await copyNode(operation, { descriptor: child, ...next });
      } catch (error) {
        throw isIndex ? await orSparse(operation, descriptor, below, error) : error;
      }
    };
    const tasks = (isIndex ? below : operation.inOrder(below)).map((child) => async () => await copyChild(child));
    await operation.all(tasks, isIndex ? operation.atATime("concurrency", CONCURRENCY) : operation.blobsAtATime);
  }
  if (tally !== undefined) tally.copied += ofThis.copied;
  if (isThere && isIndex && operation.isIntoLocal && ofThis.copied > 0) {
    // a layout gave entries of their own to the images that came: the index leads to them
    const content = bytesSource(bytes ?? (await readThere(operation, node)));
    await atStep(
      "push",
      "destination",
      descriptor,
      signal,
      async () => await destination.push(operation.asRead(descriptor), content, { signal }),
    );
  }
  attached?.push(...(await attachedTo(operation, descriptor, hops)));
  const now = node.tagLast === true && (attached?.length ?? 0) > 0 ? [] : tags;
  if (isThere && now.length === 0) operation.tally.existing(descriptor);
  else await publish(operation, descriptor, bytesSource(bytes ?? (await readManifest(operation, node))), now);
  return !isThere;
}

/** Copies what is attached to manifests that were copied, and what is attached to that. */
export async function copyAttached(operation: CopyOperation, attached: readonly Attached[], tally: Tally = { copied: 0 }): Promise<void> {
  for (let round = attached; round.length > 0; ) {
    const next: Attached[] = [];
    const rest = { told: true, attached: next, tally };
    const tasks = round.map((one) => async () => await copyNode(operation, { ...one, ...rest, isNamed: one.tags.length > 0 }));
    await operation.all(tasks, operation.atATime("concurrency", CONCURRENCY));
    round = next;
  }
}
