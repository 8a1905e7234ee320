import type { Writable } from "node:stream";
import {
  type ByteSource,
  type CallOptions,
  type Digest,
  formatName,
  isDigest,
  type Named,
  type ReadOnlyTarget,
  type Repository,
  type Target,
} from "@berth/oci";
import type { NewDockerArchive } from "../archive/docker-archive-writer.ts";
import { callOf } from "../call-of.ts";
import type { DockerArchive, OpenDockerArchiveOptions } from "../archive/docker-archive.ts";
import type { ArchiveLimits } from "../archive/limits.ts";
import type { NewOciArchive } from "../archive/oci-archive-writer.ts";
import type { OciArchive } from "../archive/oci-archive.ts";
import { type FileLocation, type Location, namesWithin, referenceWithin } from "./location.ts";

/** Makes the way to a repository of a registry: with credentials, mirrors, limits. The reference is normalised. */
export type ConnectRepository = (reference: Named) => Repository | Promise<Repository>;

/** Options of everything that opens a place. */
export interface OpenOptions extends CallOptions {
  /** Default: nobody's credentials, HTTPS, or plain HTTP on this machine. */
  readonly connect?: ConnectRepository;
  /** What `-` is when it is read; default the process's own. */
  readonly stdin?: ByteSource;
  /** What an archive may hold, at most, and what layers may be unpacked to for one. */
  readonly limits?: ArchiveLimits;
  /** What `-` is when it is written; default the process's own. It is not ended. */
  readonly stdout?: Writable;
}

/** Options of {@link openStore} and {@link openSource}. */
export interface OpenSourceOptions extends OpenOptions, Pick<OpenDockerArchiveOptions, "compression" | "level" | "onEvent"> {
  /**
   * What kind of place it is going to be copied to. A docker archive has plain tars for layers, and mostly no manifests: its images get the
   * form that is usual there. Layers are compressed as `compression` says, by default with gzip; in an OCI layout or archive, and with zstd,
   * which Docker's schema 2 does not know, manifests are those of OCI. Default, and for another docker archive: they stay as they are.
   */
  readonly into?: Location["transport"];
}

/** Options of {@link openDestination}. */
export interface OpenDestinationOptions extends OpenOptions {
  /** The tag where the place names none; default `latest`. */
  readonly defaultTag?: string;
  /** The whole image name where a docker archive names none, such as `docker.io/library/debian:12`; default: none. */
  readonly defaultName?: string;
  /** The time that the files of an archive get, in seconds since 1970, as `SOURCE_DATE_EPOCH` has it; default 0. */
  readonly epoch?: number;
  /** What an archive may replace: {@link versionOfFile} of the path, or `any`. Default: what is there when it is opened. */
  readonly replaces?: string;
}

/** A place that is open to be read. */
export interface OpenedStore {
  /** What it can do beyond reading is told by its members: `"tags" in target`. */
  readonly target: ReadOnlyTarget;
  /** Lets go of files. Closing again does nothing. */
  close(): Promise<void>;
}

/**
 * A place that is open to be read, and which image of it is meant.
 *
 * @see moby, distribution.Puller
 */
export interface OpenedSource extends OpenedStore {
  /** A tag, a digest, or "" for the only image of a layout or archive. */
  readonly reference: string;
}

/**
 * A place that is open to be written.
 *
 * @see moby, distribution.Pusher
 */
export interface OpenedDestination {
  readonly target: Target;
  /** The tag to be written, or the digest when only that was given; of a docker archive an image name, "" for none. */
  readonly reference: string;
  /** What the content has to be, where the place says so: `copy()` checks it among the tags that it is given. */
  readonly digest: Digest | undefined;
  /** Makes what was written stay: an archive gets its end and its name. */
  finish(): Promise<void>;
  /** Throws away what was written, where that was not visible yet. After {@link OpenedDestination.finish} it does nothing. */
  abort(): Promise<void>;
}

const nothing = async (): Promise<void> => undefined;

/**
 * Opens a place to be read, whatever it holds. What it takes to read a place is loaded when the first one of its kind is opened.
 *
 * @throws the errors of the place: nothing is there, or something else.
 */
export async function openStore(location: Location, options: OpenSourceOptions = {}): Promise<OpenedStore> {
  if (location.transport === "registry") return { target: await repositoryAt(location.reference, options), close: nothing };
  const call = callOf(options);
  if (location.transport === "oci") {
    const { openLayout } = await import("../layout/open-layout.ts");
    return { target: await openLayout(location.path, { ...call, readOnly: true }), close: nothing };
  }
  const from = location.path === "-" ? (options.stdin ?? process.stdin) : location.path;
  const archive = await openArchive(location, from, { ...options.limits, ...call, ...formFor(options) });
  return { target: archive, close: async () => await archive.close() };
}

/** Opens the image that a place names. Of a registry without tag and digest it is `latest`. */
export async function openSource(location: Location, options: OpenSourceOptions = {}): Promise<OpenedSource> {
  const { target, close } = await openStore(location, options);
  return { target, close, reference: location.transport === "registry" ? referenceWithin(location.reference) : (location.reference ?? "") };
}

/**
 * Opens a place to be written. A layout that is missing is made with the first content that comes; nothing is to be seen of an archive
 * before it is finished.
 *
 * @throws the errors of the place: it cannot be written, or is something else.
 * @see moby, distribution.NewPusher
 */
export async function openDestination(location: Location, options: OpenDestinationOptions = {}): Promise<OpenedDestination> {
  const { defaultTag = "latest", defaultName = "" } = options;
  const names = namesWithin(location);
  const [reference = location.transport === "docker-archive" ? defaultName : defaultTag] = names;
  const digest = names.find(isDigest);
  if (location.transport === "registry")
    return { target: await repositoryAt(location.reference, options), reference, digest, finish: nothing, abort: nothing };
  const call = callOf(options);
  if (location.transport === "oci") {
    const { openNewLayout } = await import("../layout/open-new-layout.ts");
    const { layout: target, leave } = await openNewLayout(location.path, call);
    return { target, reference, digest, finish: async () => leave(), abort: async () => leave() };
  }
  const out = location.path === "-" ? (options.stdout ?? process.stdout) : location.path;
  const archive = await createArchive(location, out, {
    ...options.limits,
    ...call,
    ...(options.epoch !== undefined && { epoch: options.epoch }),
    ...(options.replaces !== undefined && { replaces: options.replaces }),
  });
  return { target: archive, reference, digest, finish: async () => await archive.finish(), abort: async () => await archive.abort() };
}

async function openArchive(
  { transport }: FileLocation,
  from: string | ByteSource,
  options: OpenDockerArchiveOptions,
): Promise<OciArchive | DockerArchive> {
  if (transport === "docker-archive") {
    const { openDockerArchive } = await import("../archive/docker-archive.ts");
    return await openDockerArchive(from, options);
  }
  const { openOciArchive } = await import("../archive/oci-archive.ts");
  return await openOciArchive(from, options);
}

/** The form that images of a docker archive take on their way. */
function formFor({ into, compression = "gzip", level, onEvent }: OpenSourceOptions): OpenDockerArchiveOptions {
  if (into === undefined || into === "docker-archive") return {};
  const isDocker = into === "registry" && compression !== "zstd";
  return { family: isDocker ? "docker" : "oci", compression, ...(level !== undefined && { level }), ...(onEvent && { onEvent }) };
}

async function createArchive(
  { transport }: FileLocation,
  out: string | Writable,
  options: ArchiveLimits & CallOptions & Pick<OpenDestinationOptions, "epoch" | "replaces">,
): Promise<NewDockerArchive | NewOciArchive> {
  if (transport === "docker-archive") {
    const { createDockerArchive } = await import("../archive/docker-archive-writer.ts");
    return await createDockerArchive(out, options);
  }
  const { createOciArchive } = await import("../archive/oci-archive-writer.ts");
  return await createOciArchive(out, options);
}

async function repositoryAt(reference: Named, { connect }: OpenOptions): Promise<Repository> {
  if (connect !== undefined) return await connect(reference);
  const { createRemoteRepository } = await import("@berth/client");
  return createRemoteRepository(formatName(reference));
}
