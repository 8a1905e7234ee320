import { type CallOptions, formatName, type Named, type ReadOnlyTarget, type Repository, type Target, UnsupportedError } from "@berth/oci";
import { type Location, referenceWithin } from "./location.ts";

/** Makes the way to a repository of a registry: with credentials, mirrors, limits. The reference is normalised. */
export type ConnectRepository = (reference: Named) => Repository | Promise<Repository>;

/** Options of {@link openStore}, {@link openSource} and {@link openDestination}. */
export interface OpenOptions extends CallOptions {
  /** Default: nobody's credentials, HTTPS, or plain HTTP on this machine. */
  readonly connect?: ConnectRepository;
}

/** A place that is open to be read. */
export interface OpenedStore {
  /** What it can do beyond reading is told by its members: `"tags" in target`. */
  readonly target: ReadOnlyTarget;
  /** Lets go of files. Closing again does nothing. */
  close(): Promise<void>;
}

/** A place that is open to be read, and which image of it is meant. */
export interface OpenedSource extends OpenedStore {
  /** A tag or digest. */
  readonly reference: string;
}

/** A place that is open to be written. */
export interface OpenedDestination {
  readonly target: Target;
  /** The tag to be written, or a digest when only that was given. */
  readonly reference: string;
  /** Makes what was written stay: an archive gets its end and its name. */
  finish(): Promise<void>;
  /** Throws away what was written, where that was not visible yet. After {@link OpenedDestination.finish} it does nothing. */
  abort(): Promise<void>;
}

/**
 * Opens a place to be read, whatever it holds.
 *
 * @throws {UnsupportedError} @throws the errors of the place: nothing is there, or something else.
 */
export async function openStore(location: Location, options: OpenOptions = {}): Promise<OpenedStore> {
  if (location.transport !== "registry") throw new UnsupportedError(`read "${location.transport}"`);
  return { target: await repositoryAt(location.reference, options), close: async () => undefined };
}

/** Opens the image that a place names; of a registry without tag and digest it is `latest`. */
export async function openSource(location: Location, options: OpenOptions = {}): Promise<OpenedSource> {
  const store = await openStore(location, options);
  return {
    ...store,
    reference: location.transport === "registry" ? referenceWithin(location.reference) : (location.reference ?? "latest"),
  };
}

/** Opens a place to be written. */
export async function openDestination(location: Location, options: OpenOptions = {}): Promise<OpenedDestination> {
  if (location.transport !== "registry") throw new UnsupportedError(`write "${location.transport}"`);
  const nothing = async (): Promise<void> => undefined;
  const target = await repositoryAt(location.reference, options);
  return { target, reference: referenceWithin(location.reference), finish: nothing, abort: nothing };
}

async function repositoryAt(reference: Named, { connect }: OpenOptions): Promise<Repository> {
  if (connect !== undefined) return await connect(reference);
  const { createRemoteRepository } = await import("@berth/client");
  return createRemoteRepository(formatName(reference));
}
