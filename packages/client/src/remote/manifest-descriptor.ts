import {
  CANONICAL_ALGORITHM,
  type Descriptor,
  type Digest,
  type DigestAlgorithm,
  decodeManifest,
  digestAlgorithm,
  DigestMismatchError,
  InvalidManifestError,
  isDigest,
  MEDIA_TYPES,
  schema1Payload,
} from "@berth/oci";
import { digestOf } from "@berth/oci/node";
import { giverOf } from "../transport/network-error.ts";
import type { RateLimit } from "../transport/rate-limit.ts";
import type { ResponseHeaders, TransportResponse } from "../transport/transport.ts";
import { decodeManifestFrom } from "./decode-manifest-from.ts";
import { checkContentDigest, contentDigest, contentLength, contentType } from "./answers.ts";

/** What a registry says about a manifest. */
export interface ManifestStat {
  readonly descriptor: Descriptor;
  /** `header`: as the registry says. `computed`: it did not say enough, so that the manifest was read. */
  readonly source: "header" | "computed";
  readonly headers: ResponseHeaders;
  /** How much may still be asked of the registry, where it says so. */
  readonly rateLimit?: RateLimit;
}

/** The digest that names a manifest. A signed schema 1 manifest is named by that of its payload, without the signatures. */
export function manifestDigest(bytes: Uint8Array, mediaType: string, algorithm: DigestAlgorithm = CANONICAL_ALGORITHM): Digest {
  return digestOf(mediaType === MEDIA_TYPES.dockerSchema1Signed ? schema1Payload(bytes) : bytes, algorithm);
}

/**
 * Describes a manifest by the headers of an answer without a body. Undefined when they do not say enough: a type, a length, and a digest
 * unless the request named it.
 *
 * @param reference the tag or digest that was asked for.
 * @throws {DigestMismatchError} when the answer is about another digest. @throws {ProtocolError} on malformed headers.
 */
export function describeByHeaders(response: TransportResponse, reference: string): Descriptor | undefined {
  const wanted = isDigest(reference) ? reference : undefined;
  if (wanted !== undefined) checkContentDigest(response, wanted);
  const digest = wanted ?? contentDigest(response);
  const mediaType = contentType(response);
  const size = contentLength(response);
  if (digest === undefined || mediaType === undefined || isVagueType(mediaType) || size === undefined) return undefined;
  return { mediaType, digest, size };
}

/** What says of a manifest no more than that it is text, or bytes. Some registries have nothing else to say of schema 1. */
const VAGUE_TYPES: ReadonlySet<string> = new Set(["application/json", "application/octet-stream", "text/plain"]);

/** True for a type that is none of manifests: what it is only its content tells. */
export function isVagueType(mediaType: string): boolean {
  return VAGUE_TYPES.has(mediaType);
}

/** What the answer says, unless that is nothing and the content is of schema 1: that is named by another digest than that of its bytes. */
function typeOf(response: TransportResponse, bytes: Uint8Array): string {
  const said = contentType(response);
  if (said === undefined) return decodeManifestFrom(bytes, undefined, giverOf(response.request)).mediaType;
  return (isVagueType(said) ? schema1TypeOf(bytes) : undefined) ?? said;
}

function schema1TypeOf(bytes: Uint8Array): string | undefined {
  try {
    const { mediaType, kind } = decodeManifest(bytes, undefined);
    return kind === "schema1" ? mediaType : undefined;
  } catch (error) {
    if (error instanceof InvalidManifestError) return undefined;
    throw error;
  }
}

/**
 * Describes a manifest by its bytes, and checks what the answer says about them.
 *
 * @throws {DigestMismatchError} when the request or the answer named another digest.
 * @throws {InvalidManifestError} when neither answer nor content tell the media type.
 */
export function describeByContent(response: TransportResponse, reference: string, bytes: Uint8Array): Descriptor {
  const mediaType = typeOf(response, bytes);
  const expected = isDigest(reference) ? reference : contentDigest(response);
  const digest = manifestDigest(bytes, mediaType, expected === undefined ? undefined : digestAlgorithm(expected));
  if (expected !== undefined && expected !== digest) {
    throw new DigestMismatchError({ expected, actual: digest }, giverOf(response.request));
  }
  checkContentDigest(response, digest);
  return { mediaType, digest, size: bytes.byteLength };
}
