import {
  type CallOptions,
  type Descriptor,
  decodeManifest,
  formatReference,
  isImageMediaType,
  isIndexMediaType,
  isManifestMediaType,
  type Named,
  type ReadOnlyTarget,
  type Target,
  withTag,
} from "@berth/oci";
import { readAllVerified } from "@berth/oci/node";
import { isWithdrawer } from "../copy/abilities.ts";
import { copy } from "../copy/copy.ts";
import { isWhole } from "../copy/is-whole.ts";
import type { CopyOptions } from "../copy/options.ts";
import { namesWithin, parseLocation, referenceWithin } from "../location/location.ts";
import { openDestination } from "../location/open.ts";
import { chooseImage, type ChosenImage } from "../platform/choose-image.ts";
import { hostPlatform } from "../platform/host-platform.ts";
import { hasSeen, noteSource, sourceHooks } from "../sources/source-hooks.ts";
import { callOf } from "../call-of.ts";
import type { EngineContext, RepositoryAtEndpoint } from "./context.ts";
import type { PullOptions, PullResult } from "./options.ts";
import { refuseSchema1, rootedSource } from "./rooted-source.ts";

/** Where pulled content goes. */
interface PullDestination {
  readonly target: Target;
  /** Its tag there, unless it is pulled by digest alone; with the digest that it has to have. */
  readonly namesOf: (reference: Named) => readonly string[];
  finish(): Promise<void>;
  abort(): Promise<void>;
}

/** Pulls what a reference names, or all tags of its repository, one after the other. */
export async function pull(context: EngineContext, reference: Named, options: PullOptions): Promise<readonly PullResult[]> {
  const references = options.allTags === true ? await everyTag(context, reference, options) : [tagged(reference)];
  const destination = await openInto(context, options);
  try {
    const results: PullResult[] = [];
    for (const one of references) results.push(await pullOne(context, one, destination, options));
    await destination.finish();
    return results;
  } catch (error) {
    await destination.abort();
    throw error;
  } finally {
    await context.sources.flush();
  }
}

function tagged(reference: Named): Named {
  return reference.digest === undefined && reference.tag === undefined ? withTag(reference, "latest") : reference;
}

async function everyTag(context: EngineContext, reference: Named, options: PullOptions): Promise<readonly Named[]> {
  const call = callOf(options);
  const { domain, path } = reference;
  const tags = await context.over(reference, context.endpoints(reference, "resolve"), call, async ({ repository }) => {
    return await Array.fromAsync(repository.tags(call));
  });
  return tags.map((tag) => withTag({ domain, path }, tag));
}

async function openInto(context: EngineContext, options: PullOptions): Promise<PullDestination> {
  const { into } = options;
  const nothing = async (): Promise<void> => undefined;
  if (into === undefined)
    return { target: context.local.target, namesOf: (reference) => [formatReference(reference)], finish: nothing, abort: nothing };
  const namesOf = ({ tag, digest }: Named): readonly string[] => (digest === undefined && tag !== undefined ? [tag] : []);
  if (typeof into !== "string" && "fetch" in into) return { target: into, namesOf, finish: nothing, abort: nothing };
  const location = typeof into === "string" ? parseLocation(into) : into;
  const opened = await openDestination(location, { ...callOf(options), connect: (named) => context.origin(named).repository });
  const given = namesWithin(location);
  return {
    ...opened,
    namesOf: (reference) => {
      if (given.length > 0 && options.allTags !== true) return given;
      return location.transport === "docker-archive" ? [formatReference(reference)] : namesOf(reference);
    },
  };
}

/** What a reference names, and whom it is to be had from. */
interface Found {
  readonly root: Descriptor;
  readonly source: ReadOnlyTarget;
  /** Undefined: everything is here. */
  readonly at: RepositoryAtEndpoint | undefined;
}

async function pullOne(context: EngineContext, reference: Named, into: PullDestination, options: PullOptions): Promise<PullResult> {
  const seen = await findSeen(context, reference, options);
  if (seen !== undefined) return await transfer(context, reference, seen, into, options);
  const call = callOf(options);
  const endpoints = context.endpoints(reference, "pull");
  const cannotResolve = endpoints.some(({ capabilities }) => !capabilities.has("resolve"));
  // where a mirror has content but knows no tags, the digest is looked up first
  const known =
    cannotResolve && reference.digest === undefined
      ? await context.over(reference, context.endpoints(reference, "resolve"), call, async ({ repository }) => {
          return await repository.resolve(referenceWithin(reference), call);
        })
      : undefined;
  return await context.over(reference, endpoints, call, async (at) => {
    const root = known ?? (await at.repository.resolve(referenceWithin(reference), call));
    return await transfer(context, reference, { root, at, source: at.repository }, into, options);
  });
}

/**
 * Content that is here with all that is wanted below it, and was seen in that repository with these credentials, needs no request. What is here from elsewhere does: else a
 * pull would succeed for content that the repository never had.
 */
async function findSeen(context: EngineContext, reference: Named, options: PullOptions): Promise<Found | undefined> {
  const { digest } = reference;
  if (digest === undefined || options.recheck === true || (options.referrers ?? false) !== false) return undefined;
  const root = await context.local.find(digest, callOf(options));
  if (root === undefined || !(await isHere(context, root, options))) return undefined;
  for (const endpoint of context.endpoints(reference, "pull")) {
    const place = await context.placeOf({ endpoint, repository: context.connections.repositoryAt(endpoint, reference) });
    if (await hasSeen(context.sources, place, digest)) return { root, source: context.local.target, at: undefined };
  }
  return undefined;
}

/** Whether all that is wanted of a root is here: it may have come for another platform, or without external layers. */
async function isHere(context: EngineContext, root: Descriptor, options: PullOptions): Promise<boolean> {
  const { target } = context.local;
  try {
    const { image } = await choose(context, target, root, options);
    return await isWhole(target, image, options);
  } catch {
    options.signal?.throwIfAborted();
    return false; // the registry may have what cannot be read here, and else says better why it fails
  }
}

/** What of a root is pulled. */
async function choose(context: EngineContext, source: ReadOnlyTarget, root: Descriptor, options: PullOptions): Promise<ChosenImage> {
  const { platform = context.options.platform ?? hostPlatform() } = options;
  if (platform === "all") return { image: root };
  return await chooseImage(source, root, platform, { ...callOf(options), checkSingle: options.platform !== undefined });
}

async function transfer(
  context: EngineContext,
  reference: Named,
  { root, source, at }: Found,
  into: PullDestination,
  options: PullOptions,
): Promise<PullResult> {
  const { verify = false, external, recheck, referrers, onEvent } = options;
  const call = callOf(options);
  refuseSchema1(root, "pull");
  const { image, index } = await choose(context, source, root, options);
  const place = at && (await context.placeOf(at));
  const came: Descriptor[] = [];
  const hooks = place && sourceHooks(context.sources, { source: place });
  const settings: CopyOptions = {
    ...call,
    manager: context.manager,
    ...hooks,
    onCopied: (target) => {
      if (isManifestMediaType(target.mediaType)) came.push(target);
      hooks?.onCopied?.(target);
    },
    ...(external !== undefined && { external }),
    ...(recheck !== undefined && { recheck }),
    ...(referrers !== undefined && { referrers }),
    ...(onEvent && { onEvent }),
    ...(verify && { beforeTags: async (pulled: Descriptor) => await verifyOrWithdraw(into.target, pulled, came, call) }),
  };
  const copied = await copy(rootedSource(source, image), image.digest, into.target, into.namesOf(reference), settings);
  if (place !== undefined) for (const one of [root, image]) noteSource(context.sources, place, one.digest);
  const [outcome] = copied.tags;
  const isCurrent = outcome === undefined ? copied.stats.copied === 0 : outcome.outcome === "unchanged" && copied.stats.copied === 0;
  return {
    reference: formatReference(reference),
    tag: reference.digest === undefined ? reference.tag : undefined,
    descriptor: copied.descriptor,
    digest: image.digest,
    index,
    outcome: isCurrent ? "current" : "updated",
    endpoint: at?.endpoint.host,
    stats: copied.stats,
  };
}

/** What is refused is not to be found at the destination, also not as the only image of a layout. */
async function verifyOrWithdraw(store: Target, pulled: Descriptor, came: readonly Descriptor[], call: CallOptions): Promise<void> {
  try {
    await verifyImages(store, pulled, call);
  } catch (error) {
    if (isWithdrawer(store)) await store.withdraw(came).catch(() => undefined); // why it is refused says more
    throw error;
  }
}

/** Holds every image of what was pulled against its config; artifacts and attestations have none. */
async function verifyImages(store: ReadOnlyTarget, target: Descriptor, call: CallOptions): Promise<void> {
  if (!isImageMediaType(target.mediaType) && !isIndexMediaType(target.mediaType)) return;
  const manifest = decodeManifest(await readAllVerified(await store.fetch(target, call), target, call), target.mediaType);
  if (manifest.kind === "index") for (const child of manifest.manifests) await verifyImages(store, child, call);
  const { isImageConfigMediaType } = await import("../image/read-image.ts");
  if (manifest.kind !== "image" || !isImageConfigMediaType(manifest.configMediaType)) return;
  const isAttestation =
    manifest.layers.length > 0 && manifest.layers.every(({ mediaType }) => mediaType === "application/vnd.in-toto+json");
  const { verifyImage } = await import("../image/verify-image.ts");
  if (!isAttestation) await verifyImage(store, target, call);
}
