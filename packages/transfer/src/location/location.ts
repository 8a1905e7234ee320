import { formatReference, InvalidReferenceError, isDigest, type Named, parseNormalizedNamed } from "@berth/oci";
import { InvalidLocationError } from "./errors.ts";

/** A repository of a registry, perhaps with a tag or digest. */
export interface RegistryLocation {
  readonly transport: "registry";
  /** Normalised: the host and `library/` are filled in, a tag is not. */
  readonly reference: Named;
}

/** A folder or file that holds images. */
export interface FileLocation {
  /** `oci`: a folder in the OCI image layout; `oci-archive`: that in one tar file; `docker-archive`: what `docker save` writes. */
  readonly transport: "oci" | "oci-archive" | "docker-archive";
  /** `-` for archives on stdin or stdout. */
  readonly path: string;
  /** A tag or digest; of a docker archive a whole image name. With both it is the digest. */
  readonly reference?: string;
  /** The tag that was given with a digest, which {@link FileLocation.reference} is then; of a docker archive a whole image name. */
  readonly tag?: string;
}

/** A place to copy from or to. */
export type Location = RegistryLocation | FileLocation;

type FileTransport = FileLocation["transport"];

/** What people call the transports of files. */
const FILE_TRANSPORTS: ReadonlyMap<string, FileTransport> = new Map([
  ["oci", "oci"],
  ["ocidir", "oci"],
  ["oci-layout", "oci"],
  ["oci-archive", "oci-archive"],
  ["docker-archive", "docker-archive"],
]);

/** Names of other tools that are refused with a better word than "not a reference". */
const UNSUPPORTED: ReadonlySet<string> = new Set(["docker-daemon", "containers-storage", "dir", "ostree", "sif", "tarball", "file"]);

const DIGEST_AT_END = /@([a-z0-9+._-]+:[a-f0-9]{32,})$/;
/** What could be an image of Docker Hub with a number for a tag, but no image there has a dot in its name, or is called localhost. */
const HOST_ALONE = /^(?:localhost|[^/:@]+\.[^/:@]+)(?::\d+)?$/;
/** A digest that is none, and would be a tag of a folder with an @ in its name. */
const BROKEN_DIGEST = /@sha(?:256|384|512):[^/:]*$/;
/** A drive is no tag: `oci:C:\images:v1`. */
const DRIVE = /^[A-Za-z]:[\\/]/;

/**
 * Reads where an image is: a reference of a registry as docker takes it (`debian:12`, `localhost:5000/app`, `ghcr.io/acme/app@sha256:...`),
 * also behind `docker://` and `oci://`; `oci:FOLDER[:TAG][@DIGEST]`, also as `ocidir://` and `oci-layout:`; `oci-archive:FILE[:TAG][@DIGEST]`;
 * `docker-archive:FILE[:NAME:TAG][@DIGEST]`; `-` alone is an OCI archive on stdin or stdout. Paths end at their first colon.
 *
 * @throws {InvalidLocationError} which names the forms that there are.
 *
 * @example
 * ```ts
 * parseLocation("debian:12"); // docker.io/library/debian:12
 * parseLocation("oci:images/app:v1"); // { transport: "oci", path: "images/app", reference: "v1" }
 * ```
 */
export function parseLocation(text: string): Location {
  if (text === "-") return { transport: "oci-archive", path: "-" };
  const colon = text.indexOf(":");
  const name = colon < 0 ? "" : text.slice(0, colon);
  const transport = FILE_TRANSPORTS.get(name);
  const isUrl = colon >= 0 && text.startsWith("//", colon + 1);
  // helm and others write references of registries as oci://
  if (isUrl && (name === "docker" || name === "oci")) return parseRegistry(text, text.slice(colon + 3));
  // `oci:v1` could be an image of Docker Hub, but nobody's is called that way
  if (transport !== undefined) return parseFile(text, transport, text.slice(colon + (isUrl ? 3 : 1)));
  if (isUrl && (name === "https" || name === "http"))
    throw new InvalidLocationError(text, `a reference has no scheme: leave "${name}://" away`);
  if (UNSUPPORTED.has(name)) throw new InvalidLocationError(text, `the transport "${name}" is not supported`);
  if (isUrl) throw new InvalidLocationError(text, `the transport "${name.slice(0, 40)}" is unknown`);
  if (/^[./~\\]/.test(text)) throw new InvalidLocationError(text, "a path needs a transport in front");
  if (HOST_ALONE.test(text)) throw new InvalidLocationError(text, `it names a registry and no image in it, such as ${text}/app:v1`);
  return parseRegistry(text, text);
}

function parseRegistry(text: string, reference: string): RegistryLocation {
  try {
    return { transport: "registry", reference: parseNormalizedNamed(reference) };
  } catch (cause) {
    if (!(cause instanceof InvalidReferenceError)) throw cause;
    throw new InvalidLocationError(text, cause.reason, { cause });
  }
}

function parseFile(text: string, transport: FileTransport, rest: string): FileLocation {
  const { path, reference, tag } = split(rest);
  if (BROKEN_DIGEST.test(rest) && !isDigest(reference ?? "")) throw new InvalidLocationError(text, "invalid digest format");
  if (path === "") throw new InvalidLocationError(text, `the ${transport === "oci" ? "folder" : "file"} is missing`);
  if (path.includes("\0")) throw new InvalidLocationError(text, "a path cannot hold a zero byte");
  if (path === "-" && transport === "oci") throw new InvalidLocationError(text, "a folder cannot be read from stdin or written to stdout");
  if (reference === undefined) return { transport, path };
  if (reference === "" || tag === "") throw new InvalidLocationError(text, "the tag is empty");
  if (transport === "docker-archive") checkImageName(text, tag ?? reference);
  return { transport, path, reference, ...(tag !== undefined && { tag }) };
}

function split(rest: string): Omit<FileLocation, "transport"> {
  const digest = DIGEST_AT_END.exec(rest);
  if (digest !== null) {
    const [whole, reference = ""] = digest;
    const { path, reference: tag } = cutAtColon(rest.slice(0, -whole.length));
    if (isDigest(reference)) return { path, reference, ...(tag !== undefined && { tag }) };
  }
  return cutAtColon(rest);
}

function cutAtColon(rest: string): { readonly path: string; readonly reference?: string } {
  const colon = rest.indexOf(":", DRIVE.test(rest) ? 2 : 0);
  return colon < 0 ? { path: rest } : { path: rest.slice(0, colon), reference: rest.slice(colon + 1) };
}

/** Docker archives name images with their repository. */
function checkImageName(text: string, reference: string): void {
  if (isDigest(reference)) return;
  try {
    parseNormalizedNamed(reference);
  } catch (cause) {
    if (!(cause instanceof InvalidReferenceError)) throw cause;
    throw new InvalidLocationError(text, `"${reference.slice(0, 300)}" is no image name: ${cause.reason}`, { cause });
  }
}

/** Writes a place; {@link parseLocation} reads it back. */
export function formatLocation(location: Location): string {
  if (location.transport === "registry") return formatReference(location.reference);
  const { transport, path, reference, tag } = location;
  const place = `${transport}:${path}${tag === undefined ? "" : `:${tag}`}`;
  return reference === undefined ? place : `${place}${isDigest(reference) ? "@" : ":"}${reference}`;
}

/** What a reference names within its repository: the digest, else the tag, else `latest`. */
export function referenceWithin(reference: Named): string {
  return reference.digest ?? reference.tag ?? "latest";
}

/**
 * What a place names within itself: its tag, then its digest, where it has them. Who reads goes by the digest, which says what the tag may
 * not; of a destination the tag is what is written, and the digest what the content has to be.
 *
 * @returns of a docker archive a whole image name for the tag.
 */
export function namesWithin(location: Location): readonly string[] {
  const { tag, digest } = location.transport === "registry" ? location.reference : { tag: location.tag, digest: location.reference };
  return [tag, digest].filter((name) => name !== undefined);
}

/** True when two places are in the same registry, so that blobs can be mounted from one to the other. */
export function isSameRegistry(a: Location, b: Location): boolean {
  return a.transport === "registry" && b.transport === "registry" && a.reference.domain === b.reference.domain;
}
