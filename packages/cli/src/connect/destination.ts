import { UnsupportedError, type Resolver, type Target } from "@berth/oci";
import type { RemoteRepository } from "@berth/client";
import type { Location } from "@berth/transfer/location";
import type { Side } from "../flags/flag-reader.ts";
import { layerLimits } from "../flags/limit-flags.ts";
import type { Session } from "../session/session.ts";
import { sourceEpoch } from "../change/source-epoch.ts";
import { describeLocation } from "./describe-location.ts";
import { replacedBy } from "./keep-archive.ts";
import { parsePlace } from "./parse-place.ts";

/** A place that can be written: a repository of a registry, a layout, an archive. */
export interface Destination {
  readonly location: Location;
  readonly target: Target & Partial<Resolver>;
  /** The target, when it is a repository of a registry. */
  readonly repository: RemoteRepository | undefined;
  /** Whether its content goes to standard output. */
  readonly isStdout: boolean;
  /** The place with a tag or digest: `localhost:5000/app:v1`. */
  describe(reference: string): string;
}

/** Options of {@link withDestination}. */
export interface DestinationOptions {
  /** Whose flags and variables count; default: those of a command without sides. */
  readonly side?: Side;
}

/**
 * Opens a place to be written, does something with it, and makes that stay; when the work fails nothing is to be seen of an archive.
 *
 * @throws {InvalidLocationError} @throws {UnsupportedError} for a terminal.
 */
export async function withDestination<T>(
  session: Session,
  place: string | Location,
  work: (destination: Destination) => Promise<T>,
  { side }: DestinationOptions = {},
): Promise<T> {
  const { openDestination } = await import("@berth/transfer/location");
  const location = typeof place === "string" ? parsePlace(place) : place;
  session.subject = describeLocation(location);
  const stdoutIsData = isStdout(location);
  if (stdoutIsData && session.io.stdout.isTTY === true)
    throw new UnsupportedError("write an archive to a terminal", { answer: "name a file" });
  const epoch = location.transport === "registry" ? undefined : await sourceEpoch(session);
  const replaces = replacedBy(session, location);
  let repository: RemoteRepository | undefined;
  const opened = await openDestination(location, {
    signal: session.signal,
    ...layerLimits(session.limits),
    stdout: session.io.stdout,
    ...(epoch !== undefined && { epoch }),
    ...(replaces !== undefined && { replaces }),
    async connect({ domain, path }) {
      repository = await session.connections.repository(domain, path, side);
      return repository;
    },
  });
  try {
    const done = await work({
      location,
      target: opened.target,
      repository,
      isStdout: stdoutIsData,
      describe: (reference) => describeLocation(location, reference),
    });
    await opened.finish();
    return done;
  } catch (error) {
    await opened.abort();
    throw error;
  }
}

/** True for an archive that goes to standard output. */
export function isStdout(location: Location): boolean {
  return location.transport !== "registry" && location.path === "-";
}

/** What a place that is read names within itself: its digest, else its tag, else "". What is written gets both: `namesWithin`. */
export function ownReference(location: Location): string {
  if (location.transport !== "registry") return location.reference ?? "";
  return location.reference.digest ?? location.reference.tag ?? "";
}
