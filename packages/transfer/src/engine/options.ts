import type { RepositoryOptions, RequestHeaders, StackConnectionOptions } from "@berth/client";
import type { CallOptions, Descriptor, Digest, Platform, ReadOnlyTarget, Resolver, Storage, Tagger, TagLister, Target } from "@berth/oci";
import type { ArchiveLimits } from "../archive/limits.ts";
import type { CopyGraphOptions, CopyOptions, CopyStats } from "../copy/options.ts";
import type { TransferEvent } from "../events.ts";
import type { Location } from "../location/location.ts";
import type { OpenSourceOptions } from "../location/open.ts";
import type { TransferManager } from "../manager/transfer-manager.ts";
import type { SourceStore } from "../sources/source-store.ts";
import type { EngineLog } from "./engine-log.ts";
import type { EndpointWarning } from "./fall-through.ts";
import type { HostsTable } from "./hosts.ts";

/** How an engine reaches registries. */
export interface RegistryOptions {
  /**
   * Credentials, TLS, proxies, retries and the log of all connections. A request is sent five times at most unless this says otherwise. Credentials are asked for by the host that is really spoken to, so
   * that a mirror never gets those of the registry that it stands in for.
   */
  readonly connection?: StackConnectionOptions;
  /** Limits on what registries answer. */
  readonly repository?: RepositoryOptions;
  /** Mirrors and special ways, by registry. */
  readonly hosts?: HostsTable;
  /** Header fields for every request, each with a name that starts with `X-Meta-`. */
  readonly metaHeaders?: RequestHeaders;
}

/** Where an engine keeps names. `tags` is needed to push all tags of a name. */
export interface ReferenceStore extends Resolver, Tagger, Partial<TagLister> {}

/**
 * Options of `createEngine`; all have defaults.
 *
 * @see moby, distribution.Config: `ImagePullConfig` and `ImagePushConfig` in one
 */
export interface EngineOptions extends RegistryOptions {
  /** Where pulled content goes and pushed content comes from; default: memory. */
  readonly contentStore?: Storage & Partial<Resolver>;
  /** Where the names of that content are; default: the content store if it can do that, else memory. */
  readonly referenceStore?: ReferenceStore;
  /** Remembers which repositories hold what; default: memory. */
  readonly sources?: SourceStore;
  /** Limits and shares transfers; default: one for this engine. */
  readonly manager?: TransferManager;
  /** Remembers uploads for a later process; default: none. */
  readonly journal?: CopyGraphOptions["journal"];
  /** What a pull takes of an index when nobody says; default `hostPlatform()`. */
  readonly platform?: Platform;
  /** Told once of each operation when it is over. */
  readonly log?: EngineLog;
  /** Told when a mirror failed and the next endpoint is asked. */
  readonly onWarning?: (warning: EndpointWarning) => void;
}

/** What every operation takes. */
export interface OperationOptions extends CallOptions {
  /** Told of every step. */
  readonly onEvent?: (event: TransferEvent) => void;
}

/**
 * Options of `Engine.pull`.
 *
 * @see moby, `ImagePullConfig`
 */
export interface PullOptions extends OperationOptions, Pick<CopyGraphOptions, "external" | "recheck" | "referrers"> {
  /**
   * What to take of an index: the image for a platform, or `all` for the index as it is. Default: the engine's platform. With a platform
   * given, a single image must be for it too.
   */
  readonly platform?: Platform | "all";
  /** Every tag of the repository; default false. */
  readonly allTags?: boolean;
  /** Unpacks all layers and holds them against the config, before a tag names the image; default false. */
  readonly verify?: boolean;
  /**
   * Where to, instead of the engine's stores: a target, a location, or the text of one. Tags are written without the repository
   * then. A place that names a tag gets that, unless all tags are pulled; one that names a digest takes only what has it.
   */
  readonly into?: Target | Location | string;
}

/** What a pull did for one reference. */
export interface PullResult {
  /** As it was pulled, normalised: `docker.io/library/debian:12`. */
  readonly reference: string;
  /** Undefined when it was pulled by digest. */
  readonly tag: string | undefined;
  /** What is now there under the reference: an image, or the whole index with `all`. */
  readonly descriptor: Descriptor;
  readonly digest: Digest;
  /** The index that the image was chosen from. */
  readonly index: Descriptor | undefined;
  /** `current`: it was there already, under this name. */
  readonly outcome: "updated" | "current";
  /** Host that gave it; undefined when nobody had to be asked. */
  readonly endpoint: string | undefined;
  readonly stats: CopyStats;
}

/** How layers of a docker archive are compressed on their way; default: with gzip. */
export type ArchiveCompression = Pick<OpenSourceOptions, "compression" | "level">;

/**
 * Options of `Engine.push`.
 *
 * @see moby, `ImagePushConfig`
 */
export interface PushOptions
  extends OperationOptions,
    ArchiveCompression,
    Pick<CopyOptions, "atomic" | "existingTags" | "external" | "platforms" | "recheck"> {
  /** Every local tag of the name, also when the reference has a tag. A reference without a tag means all of them anyway. */
  readonly allTags?: boolean;
  /** Where from, instead of the engine's stores; its names are tags without the repository. */
  readonly from?: (ReadOnlyTarget & Partial<TagLister>) | Location | string;
}

/**
 * What a push did for one tag.
 *
 * @see moby, distribution.PushResult
 */
export interface PushResult {
  /** As it was pushed, normalised. */
  readonly reference: string;
  readonly tag: string;
  /** Of the manifest. */
  readonly digest: Digest;
  /** Bytes of the manifest. */
  readonly size: number;
  /** `unchanged`: the tag named that already; `kept`: it names something else, and was to be left alone. */
  readonly outcome: "tagged" | "unchanged" | "kept";
}

/** A place with an image, as `Engine.copy` takes it: a location or the text of one. */
export type Place = Location | string;

/** Options of `Engine.copy`. */
export interface EngineCopyOptions
  extends OperationOptions,
    ArchiveCompression,
    Pick<CopyOptions, "atomic" | "digestTags" | "existingTags" | "external" | "platforms" | "recheck" | "referrers" | "selectChildren"> {
  /** Takes one image of an index, and leaves the index; not with `allTags`, which take `platforms`. Default: everything as it is. */
  readonly platform?: Platform;
  /** What an archive may hold, and what its layers may be unpacked to; what stands nowhere has its default. */
  readonly limits?: ArchiveLimits;
  /** More tags at the destination; none with `allTags`. */
  readonly tags?: readonly string[];
  /** Every tag of the source, under the same names; default false. Neither source nor destination has a tag or a digest then. */
  readonly allTags?: boolean;
  /** Of all tags, those to copy; default all. */
  readonly match?: (tag: string) => boolean;
}

/** What a copy did. */
export interface EngineCopyResult {
  /** What was copied; undefined when it was several tags. */
  readonly descriptor: Descriptor | undefined;
  readonly tags: readonly PushResult[];
  /** Host that gave it; undefined when it is no registry. */
  readonly endpoint: string | undefined;
  readonly stats: CopyStats;
}

/** Options of `Engine.resolve`. */
export interface ResolveOptions extends OperationOptions {
  /** Takes the image for a platform out of an index; a single image must be for it too. Default: what the reference names. */
  readonly platform?: Platform;
}
