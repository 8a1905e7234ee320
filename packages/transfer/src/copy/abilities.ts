import type { RemoteRepository } from "@berth/client";
import type {
  ByteSource,
  CallOptions,
  Descriptor,
  Fetcher,
  ManifestStore,
  Mounter,
  PassingFetcher,
  PredecessorFinder,
  Pusher,
  ReferrerLister,
  Resolver,
  Tagger,
  TagLister,
} from "@berth/oci";
import { isManifestMediaType } from "@berth/oci";

// What a target can do besides fetching and pushing, found by looking at it. The one place that does so.

/** True when it turns tags into descriptors. */
export function isResolver(target: object): target is Resolver {
  return has(target, "resolve");
}

/** Stores that give a manifest together with what describes it, in answer to one question. */
export type ReferenceFetcher = Pick<ManifestStore, "fetchReference">;

/** True when a tag need not be resolved before its manifest is read. */
export function isReferenceFetcher(target: object): target is ReferenceFetcher {
  return has(target, "fetchReference");
}

/** True when tags can be pointed at what it holds. */
export function isTagger(target: object): target is Tagger {
  return has(target, "tag");
}

/** True when what it holds can be read. */
export function isFetcher(target: object): target is Fetcher {
  return has(target, "fetch");
}

/** What tells whether it holds content; undefined: it cannot be told. */
export function holderOf(target: object): Pick<Pusher, "exists"> | undefined {
  return isHolder(target) ? target : undefined;
}

/** True when it lists its tags. */
export function isTagLister(target: object): target is TagLister {
  return has(target, "tags");
}

/** True when it lists referrers. */
export function isReferrerLister(target: object): target is ReferrerLister {
  return has(target, "referrers");
}

/** True when it knows what points at a manifest. */
export function isPredecessorFinder(target: object): target is PredecessorFinder {
  return has(target, "predecessors");
}

/** A repository of a registry that is reached over the network; undefined for everything else. */
export function remoteOf(target: object): RemoteRepository | undefined {
  return isRemote(target) ? target : undefined;
}

/** The manifests of a target that keeps them apart from blobs; undefined where all content is in one place. */
export function manifestsOf(target: object): ManifestStore | undefined {
  if (!("manifests" in target)) return undefined;
  const { manifests } = target;
  return isObject(manifests) && isManifestStore(manifests) ? manifests : undefined;
}

/** Where a target keeps a manifest: a client of a registry takes one of a type that it does not know for a blob. */
export function manifestsFor<T extends object>(target: T, { mediaType }: Descriptor): T | ManifestStore {
  return isManifestMediaType(mediaType) ? target : (manifestsOf(target) ?? target);
}

/** The folder of a layout; undefined for everything else. */
export function layoutFolderOf(target: object): string | undefined {
  return "folder" in target && typeof target.folder === "string" && has(target, "gc") ? target.folder : undefined;
}

/** What takes blobs over from other repositories without moving bytes. */
export function mounterOf(target: object): Mounter | undefined {
  const blobs = "blobs" in target ? target.blobs : undefined;
  return [blobs, target].filter(isObject).find(isMounter);
}

/** What reads blobs in memory that is used again: the target, or its blobs. */
export function passingFetcherOf(target: object): PassingFetcher | undefined {
  const blobs = "blobs" in target ? target.blobs : undefined;
  return [blobs, target].filter(isObject).find(isPassingFetcher);
}

/** Stores that take a manifest and several tags for it in one step. */
export interface TagsPusher {
  /** Stores a manifest and points all of `tags` at it. */
  pushTags(expected: Descriptor, content: ByteSource, tags: readonly string[], options?: CallOptions): Promise<void>;
}

/** True when several tags go in one step. */
export function isTagsPusher(target: object): target is TagsPusher {
  return has(target, "pushTags");
}

/** Stores that write blobs under names which manifests give them, and refuse some of these. */
export interface TitleChecker {
  /** Checks all of them before the first one comes. @throws for one that it cannot write. */
  checkTitles(blobs: readonly Descriptor[], options?: CallOptions): Promise<void>;
}

/** True when it wants to see what a manifest names before anything of it comes. */
export function isTitleChecker(target: object): target is TitleChecker {
  return has(target, "checkTitles");
}

/** Stores that list every manifest that comes, named or not. */
export interface Withdrawer {
  /** Lists them no longer, where that is all that there is of them. */
  withdraw(targets: readonly Descriptor[], options?: CallOptions): Promise<void>;
}

/** True when manifests without a name are to be seen in it. */
export function isWithdrawer(target: object): target is Withdrawer {
  return has(target, "withdraw");
}

/** Name of the repository that a target is; undefined for targets that are none. */
export function repositoryNameOf(target: object): string | undefined {
  return "name" in target && typeof target.name === "string" && "blobs" in target ? target.name : undefined;
}

/** True when what is pushed stands in it in the order of the calls: an archive, which is to come out the same each time. */
export function isOrdered(target: object): boolean {
  return "inOrder" in target && target.inOrder === true;
}

function has(target: object, method: string): boolean {
  return typeof Reflect.get(target, method) === "function";
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function isHolder(target: object): target is Pick<Pusher, "exists"> {
  return has(target, "exists");
}

function isMounter(target: object): target is Mounter {
  return has(target, "mount");
}

function isPassingFetcher(target: object): target is PassingFetcher {
  return has(target, "fetchPassing");
}

function isManifestStore(target: object): target is ManifestStore {
  return has(target, "pushReference") && has(target, "push") && has(target, "fetch");
}

function isRemote(target: object): target is RemoteRepository {
  return (
    "connection" in target && isObject(target.connection) && has(target.connection, "send") && "registry" in target && "blobs" in target
  );
}
