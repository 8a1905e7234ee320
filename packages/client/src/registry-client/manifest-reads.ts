import {
  type CallOptions,
  type Descriptor,
  type Digest,
  decodeManifest,
  type IndexManifest,
  type ImageManifest,
  InvalidManifestError,
  isDigest,
  type Manifest,
  MEDIA_TYPES,
  parseTag,
  type Platform,
  type Schema1Manifest,
  UnsupportedError,
} from "@berth/oci";
import { contentDigest, orNotFound, protocolError, readMetadata } from "../remote/answers.ts";
import { manifestPath, type RepositoryContext, scopesOf } from "../remote/context.ts";
import { describeByContent } from "../remote/manifest-descriptor.ts";
import { ask, manifestUnknown } from "../remote/manifest-read.ts";
import { DEFAULT_PLATFORM } from "../remote/select-platform.ts";
import { acknowledged } from "../transport/web-page.ts";

/** Asked for when any manifest will do: Docker's own, then OCI's. A registry turns a list into the image for it when it can. */
export const ANY_MANIFEST: readonly string[] = [
  MEDIA_TYPES.dockerManifest,
  MEDIA_TYPES.dockerSchema1Signed,
  MEDIA_TYPES.dockerSchema1,
  MEDIA_TYPES.ociManifest,
  MEDIA_TYPES.ociIndex,
];

/** Asked for when a manifest is only described. */
export const ANY_DESCRIPTOR: readonly string[] = [
  MEDIA_TYPES.dockerManifestList,
  MEDIA_TYPES.dockerManifest,
  MEDIA_TYPES.dockerSchema1Signed,
  MEDIA_TYPES.dockerSchema1,
  MEDIA_TYPES.ociManifest,
  MEDIA_TYPES.ociIndex,
];

const SCHEMA1 = [MEDIA_TYPES.dockerSchema1Signed, MEDIA_TYPES.dockerSchema1];
const SCHEMA2 = [MEDIA_TYPES.dockerManifest];
const LIST = [MEDIA_TYPES.dockerManifestList];

/** Lists within lists, at most. */
const MAX_DEPTH = 4;

/** Options of reading an image that may be one of a list. */
export interface SchemaTwoOptions extends CallOptions {
  /** Which image of a list is taken; default linux/amd64. Letter case does not count. */
  readonly platform?: Pick<Platform, "os" | "architecture">;
}

/** A checked tag or digest. @throws {InvalidReferenceError} */
export function checkedReference(reference: string): string {
  return isDigest(reference) ? reference : parseTag(reference);
}

/**
 * Reads a manifest of one of the types asked for, or a list, which registries give unasked.
 *
 * @throws {NotFoundError} @throws {DigestMismatchError}
 * @throws {ProtocolError} when it is of another type.
 * @throws {InvalidManifestError} when it says itself that it is of another type, or breaks the rules of its own.
 */
export async function readManifestOf(
  context: RepositoryContext,
  reference: string,
  mediaTypes: readonly string[],
  options: CallOptions,
): Promise<Manifest> {
  const response = await ask(context, "GET", checkedReference(reference), mediaTypes, "fetch manifest", options);
  const bytes = await readMetadata(response, context.settings.maxMetadataBytes);
  const { mediaType } = describeByContent(response, reference, bytes);
  if (!mediaTypes.includes(mediaType) && mediaType !== MEDIA_TYPES.dockerManifestList) {
    throw protocolError(response, `sent content of the type "${mediaType}", expected ${mediaTypes.map((one) => `"${one}"`).join(" or ")}`);
  }
  return decodeManifest(bytes, mediaType);
}

/** Reads a schema 1 manifest. @throws {UnsupportedError} when there is only another one. */
export async function readSchema1(context: RepositoryContext, reference: string, options: CallOptions): Promise<Schema1Manifest> {
  const manifest = await readManifestOf(context, reference, SCHEMA1, options);
  if (manifest.kind === "schema1") return manifest;
  throw otherKind("schema 1 manifest", manifest);
}

/** Reads a manifest list. @throws {UnsupportedError} when there is only another manifest. */
export async function readList(context: RepositoryContext, reference: string, options: CallOptions): Promise<IndexManifest> {
  const manifest = await readManifestOf(context, reference, LIST, options);
  if (manifest.kind === "index") return manifest;
  throw otherKind("manifest list", manifest);
}

/**
 * Reads a Docker v2 image manifest. Where a digest names a list, the image for the platform is read, or else the first one of it:
 * `docker images --digests` shows digests of lists.
 */
export async function readSchema2(context: RepositoryContext, reference: string, options: SchemaTwoOptions): Promise<ImageManifest> {
  let wanted = reference;
  for (let depth = 0; depth <= MAX_DEPTH; depth++) {
    const manifest = await readManifestOf(context, wanted, SCHEMA2, options);
    if (manifest.kind === "image") return manifest;
    if (manifest.kind !== "index") throw otherKind("schema 2 manifest", manifest);
    wanted = imageOf(manifest, options.platform ?? DEFAULT_PLATFORM).digest;
  }
  throw new InvalidManifestError(`lists are nested deeper than ${MAX_DEPTH} levels`);
}

function imageOf({ manifests }: IndexManifest, wanted: Pick<Platform, "os" | "architecture">): Descriptor {
  const isEqual = (a: string | undefined, b: string): boolean => a?.toLowerCase() === b.toLowerCase();
  const fits = ({ platform }: Descriptor): boolean =>
    isEqual(platform?.os, wanted.os) && isEqual(platform?.architecture, wanted.architecture);
  const found = manifests.find(fits) ?? manifests[0];
  if (found === undefined) throw new InvalidManifestError("the list is empty");
  return found;
}

function otherKind(wanted: string, { mediaType }: Manifest): UnsupportedError {
  return new UnsupportedError(`read a ${wanted} of what the registry has as "${mediaType}"`);
}

/**
 * The `Docker-Content-Digest` that a registry gives for a HEAD. Without media types none are named, which means schema 1 to most.
 *
 * @throws {ProtocolError} when there is no such header, or it is no digest.
 */
export async function readDigest(
  context: RepositoryContext,
  reference: string,
  mediaTypes: readonly string[],
  { signal }: CallOptions,
): Promise<Digest> {
  const answer = context.connection.send({
    method: "HEAD",
    target: manifestPath(context, checkedReference(reference)),
    headers: mediaTypes.length === 0 ? {} : { accept: mediaTypes.join(", ") },
    operation: "resolve manifest",
    scopes: scopesOf(context, "pull"),
    expect: [200],
    ...(signal && { signal }),
  });
  const response = await orNotFound(answer, (options) => manifestUnknown(context, reference, options));
  await acknowledged(response);
  const digest = contentDigest(response);
  if (digest === undefined) throw protocolError(response, "sent no Docker-Content-Digest");
  return digest;
}
