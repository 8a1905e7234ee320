import { existsSync } from "node:fs";
import { join } from "node:path";
import type { RemoteRepository } from "@berth/client";
import {
  type CallOptions,
  DEFAULT_DOMAIN,
  type Descriptor,
  formatRegistryReference,
  isDigest,
  parseDigest,
  parseTag,
  type ReadOnlyTarget,
  type ReferrerLister,
  type TagLister,
} from "@berth/oci";
import type { Endpoint } from "@berth/transfer";
import { type Location, openSource, type OpenSourceOptions } from "@berth/transfer/location";
import { CommandFailure, EXIT_CODE } from "../exit-code.ts";
import type { Side } from "../flags/flag-reader.ts";
import { layerLimits } from "../flags/limit-flags.ts";
import type { Session } from "../session/session.ts";
import { overMirrors } from "./mirrors.ts";
import { parsePlace, withoutScheme } from "./parse-place.ts";
import { archiveForms, isArchiveName, isFile } from "./path-advice.ts";

/** A place that can be read: a repository of a registry, a layout, an archive. */
export interface Place {
  readonly location: Location;
  /** The place without tag and digest: `localhost:5000/app`, `oci:folder`. */
  readonly name: string;
  /** A tag or digest; of a layout or archive perhaps empty, for the only image in it. */
  readonly reference: string;
  readonly target: ReadOnlyTarget & Partial<TagLister & ReferrerLister>;
  /** The target, when it is a repository of a registry. */
  readonly repository: RemoteRepository | undefined;
  /** The place with another tag or digest, or with its own: `localhost:5000/app:v1`. */
  describe(reference?: string): string;
  /** Lets go of files. */
  close(): Promise<void>;
}

/** Options of {@link openPlace}. */
export interface OpenPlaceOptions extends Pick<OpenSourceOptions, "compression" | "into" | "level"> {
  /** Whose flags and variables count; default: those of a command without sides. */
  readonly side?: Side;
  /** What manifests are asked for; default: all that are known. */
  readonly mediaTypes?: readonly string[];
  /** Ask this mirror of the registry instead. */
  readonly mirror?: Endpoint | undefined;
}

/**
 * Opens what a text names, to be read; `berth help references` lists the forms. Nothing is sent yet.
 *
 * @throws {InvalidLocationError} @throws the errors of layouts and archives.
 */
export async function openPlace(session: Session, text: string, options: OpenPlaceOptions = {}): Promise<Place> {
  const location = sourceLocation(text);
  session.subject = withoutScheme(text);
  session.source = session.subject;
  let repository: RemoteRepository | undefined;
  const { into, compression, level } = options;
  const opened = await openSource(location, {
    signal: session.signal,
    ...layerLimits(session.limits),
    ...("path" in location && location.path === "-" && { stdin: session.io.stdin }),
    ...(into !== undefined && { into }),
    ...(compression !== undefined && { compression }),
    ...(level !== undefined && { level }),
    onEvent: (event) => session.onEvent?.(event),
    async connect({ domain, path }) {
      const { connections } = session;
      const limits = { ...(options.mediaTypes && { manifestMediaTypes: options.mediaTypes }) };
      repository =
        options.mirror === undefined
          ? await connections.repository(domain, path, options.side, limits)
          : await connections.repositoryAt(options.mirror, path, limits);
      return repository;
    },
  });
  const { target, reference } = opened;
  const name = nameOf(location);
  return {
    location,
    name,
    reference,
    target,
    repository,
    describe: (other = reference) => describe(location, name, other),
    close: async () => await opened.close(),
  };
}

/**
 * Like {@link withPlace}, for work that only reads: mirrors of a registry are asked before it. The work may run several times, so that it
 * must not have written anything to standard output before it is sure to end well.
 */
export async function withSource<T>(
  session: Session,
  text: string,
  work: (place: Place, call: CallOptions) => Promise<T>,
  options?: OpenPlaceOptions,
): Promise<T> {
  const location = sourceLocation(text);
  if (location.transport !== "registry") return await withPlace(session, text, work, options);
  return await overMirrors(session, location.reference.domain, async (mirror) => {
    return await withPlace(session, text, work, { ...options, mirror });
  });
}

/** Opens a place, does something with it, and closes it. */
export async function withPlace<T>(
  session: Session,
  text: string,
  work: (place: Place, call: CallOptions) => Promise<T>,
  options?: OpenPlaceOptions,
): Promise<T> {
  const place = await openPlace(session, text, options);
  try {
    return await work(place, { signal: session.signal });
  } finally {
    await place.close();
  }
}

/** A repository that need not be asked what one reference names. */
export function withKnown(repository: RemoteRepository, reference: string, found: Descriptor): RemoteRepository {
  return {
    ...repository,
    resolve: async (other, options) => (other === reference ? found : await repository.resolve(other, options)),
    fetchReference: async (other, options) => await repository.fetchReference(other === reference ? found.digest : other, options),
  };
}

/** Reads where something is that is to be read. @throws {CommandFailure} for a file here that is no place, and an address that may be meant otherwise. */
export function sourceLocation(text: string): Location {
  if (isFile(text)) throw new CommandFailure(EXIT_CODE.usage, ofFile(text));
  const location = parsePlace(text);
  if (location.transport === "registry" && location.reference.domain === DEFAULT_DOMAIN) {
    const [, rest = "", folder = ""] = /^oci:\/\/(([^:@]+).*)$/s.exec(text) ?? [];
    if (folder !== "" && existsSync(join(folder, "oci-layout")))
      throw new CommandFailure(EXIT_CODE.usage, `"${text}" is an image of Docker Hub: the layout in this folder is oci:${rest}`);
  }
  return location;
}

function ofFile(text: string): string {
  const form = isArchiveName(text)
    ? archiveForms(text)
    : `its digest: berth digest --file ${text}; to store it: berth push HOST/NAME:TAG ${text}`;
  return `"${text}" is a file, not a reference: ${form}`;
}

function nameOf(location: Location): string {
  if (location.transport !== "registry") return `${location.transport}:${location.path}`;
  const { domain, path } = location.reference;
  return `${domain}/${path}`;
}

function describe(location: Location, name: string, reference: string): string {
  if (reference === "") return name;
  if (location.transport === "registry") {
    const repository = { registry: location.reference.domain, repository: location.reference.path };
    return formatRegistryReference({ ...repository, reference: isDigest(reference) ? parseDigest(reference) : parseTag(reference) });
  }
  return `${name}${isDigest(reference) ? "@" : ":"}${reference}`;
}
