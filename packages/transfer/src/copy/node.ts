import {
  bytesSource,
  decodeManifest,
  type Descriptor,
  isIndexMediaType,
  isManifestMediaType,
  isSchema1MediaType,
  LimitExceededError,
  type Manifest,
  SchemaV1UnsupportedError,
} from "@berth/oci";
import { isTitleChecker } from "./abilities.ts";
import { type Attached, attachedTo } from "./attached.ts";
import { childrenOf, forPlatforms } from "./children.ts";
import { atStep } from "./errors.ts";
import { copyLeaf } from "./leaf.ts";
import { isAtDestination } from "./at-destination.ts";
import type { CopyOperation } from "./operation.ts";
import type { CopyGraphOptions } from "./options.ts";
import { pointTags, publish } from "./publish.ts";
import { type ManifestToRead, readManifest } from "./read-manifest.ts";
import { orSparse } from "./sparse-index.ts";

const MAX_DEPTH = 8;
const CONCURRENCY = 6;

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
  if (operation.hasMet(descriptor.digest) && tags.length > 0) {
    await copyNode(operation, { ...node, tags: [] });
    return await pointTags(operation, descriptor, tags);
  }
  await operation.once(descriptor, async () => {
    if (isManifestMediaType(descriptor.mediaType)) await copyManifest(operation, node);
    else await copyLeaf(operation, descriptor);
  });
}

/**
 * A manifest waits for what is below it, never for what is attached to it: that may be an index which has the manifest below it.
 */
async function copyManifest(operation: CopyOperation, node: Node): Promise<void> {
  const { descriptor, depth = 0, hops = 0, tags = [], attached } = node;
  const { options, mustLook } = operation;
  const { maxDepth = MAX_DEPTH, concurrency = CONCURRENCY, recheck = false } = options;
  if (isSchema1MediaType(descriptor.mediaType)) throw new SchemaV1UnsupportedError();
  if (depth > maxDepth) throw new LimitExceededError({ what: `index at depth ${depth}`, limit: maxDepth });
  const isIndex = isIndexMediaType(descriptor.mediaType);
  const isThere = node.isThere ?? (await isAtDestination(operation, descriptor));
  let bytes = node.bytes;
  if (!isThere || (mustLook && (recheck || isIndex))) {
    bytes ??= await readManifest(operation, node);
    const below = chosenChildren(decodeManifest(bytes, descriptor.mediaType), descriptor, options);
    const { destination, signal } = operation;
    if (isTitleChecker(destination)) {
      await atStep("push", "destination", descriptor, signal, async () => await destination.checkTitles(below, { signal }));
    }
    const next = { depth: depth + 1, hops, ...(attached && { attached }) };
    const copyChild = async (child: Descriptor): Promise<void> => {
      try {
        await copyNode(operation, { descriptor: child, ...next });
      } catch (error) {
        throw isIndex ? await orSparse(operation, descriptor, below, error) : error;
      }
    };
    const tasks = below.map((child) => async () => await copyChild(child));
    await operation.all(tasks, isIndex ? operation.atATime(concurrency) : operation.blobsAtATime);
  }
  attached?.push(...(await attachedTo(operation, descriptor, hops)));
  const now = node.tagLast === true && (attached?.length ?? 0) > 0 ? [] : tags;
  if (isThere && now.length === 0) operation.existing(descriptor);
  else await publish(operation, descriptor, bytesSource(bytes ?? (await readManifest(operation, node))), now);
}

/** Copies what is attached to manifests that were copied, and what is attached to that. */
export async function copyAttached(operation: CopyOperation, attached: readonly Attached[]): Promise<void> {
  for (let round = attached; round.length > 0; ) {
    const next: Attached[] = [];
    const tasks = round.map((one) => async () => await copyNode(operation, { ...one, told: true, attached: next }));
    await operation.all(tasks, operation.atATime(operation.options.concurrency ?? CONCURRENCY));
    round = next;
  }
}

function chosenChildren(manifest: Manifest, descriptor: Descriptor, options: CopyGraphOptions): readonly Descriptor[] {
  const { platforms, selectChildren } = options;
  const children = childrenOf(manifest);
  if (manifest.kind !== "index") return children;
  if (selectChildren !== undefined) return selectChildren(descriptor, children);
  return platforms === undefined ? children : forPlatforms(children, platforms);
}
