import {
  type AnswerErrorOptions,
  type CallOptions,
  type Descriptor,
  type Digest,
  DigestMismatchError,
  digestAlgorithm,
  isDigest,
  isSchema1MediaType,
  ManifestUnknownError,
  ManifestUnknownRevisionError,
  type NotFoundError,
  SizeMismatchError,
} from "@berth/oci";
import { giverOf } from "../transport/network-error.ts";
import type { ResponseHeaders, TransportResponse } from "../transport/transport.ts";
import { checkContentDigest, contentType, orNotFound, protocolError, readMetadata } from "./answers.ts";
import { manifestPath, type RepositoryContext, scopesOf } from "./context.ts";
import { inlineContent } from "./inline-content.ts";
import { describeByContent, isVagueType, manifestDigest } from "./manifest-descriptor.ts";

/** A manifest as it came. */
export interface FetchedManifest {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  readonly headers: ResponseHeaders;
}

/** Reads a manifest by tag or digest, in one request. `reference` is checked. */
export async function readManifest(context: RepositoryContext, reference: string, options: CallOptions = {}): Promise<FetchedManifest> {
  const response = await ask(context, "GET", reference, context.settings.manifestMediaTypes, "fetch manifest", options);
  const bytes = await readMetadata(response, context.settings.maxMetadataBytes);
  return { descriptor: describeByContent(response, reference, bytes), bytes, headers: response.headers };
}

/**
 * Reads the manifest that a descriptor names, and checks its digest. Its size need not be what the descriptor says: some registries count
 * differently in answers to HEAD and in lists of referrers. What comes has its limit all the same.
 */
export async function readDescribedManifest(
  context: RepositoryContext,
  target: Descriptor,
  options: CallOptions = {},
  actions: readonly string[] = ["pull"],
): Promise<Uint8Array> {
  const inline = inlineContent(target);
  if (inline !== undefined) return inline;
  const response = await ask(context, "GET", target.digest, [target.mediaType], "fetch manifest", options, [200], actions);
  const problem = typeProblem(response, target);
  if (problem !== undefined) {
    response.body.destroy();
    throw problem;
  }
  const bytes = await readMetadata(response, context.settings.maxMetadataBytes);
  checkDigest(bytes, target, giverOf(response.request));
  return bytes;
}

function typeProblem(response: TransportResponse, target: Descriptor): Error | undefined {
  try {
    checkContentDigest(response, target.digest);
    const actual = contentType(response) ?? target.mediaType;
    const isUnnamed = isVagueType(actual) && isSchema1MediaType(target.mediaType); // its digest will tell
    if (actual !== target.mediaType.toLowerCase() && !isUnnamed) {
      return protocolError(response, `sent content of the type "${actual}", expected "${target.mediaType}"`);
    }
    return undefined;
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
}

/** Checks bytes against what was promised of a manifest. @throws {SizeMismatchError} @throws {DigestMismatchError} */
export function checkManifest(bytes: Uint8Array, expected: Descriptor): void {
  if (bytes.byteLength !== expected.size) throw new SizeMismatchError({ expected: expected.size, actual: bytes.byteLength });
  checkDigest(bytes, expected);
}

function checkDigest(bytes: Uint8Array, expected: Descriptor, giver: Partial<ReturnType<typeof giverOf>> = {}): void {
  const actual = manifestDigest(bytes, expected.mediaType, digestAlgorithm(expected.digest));
  if (actual !== expected.digest) throw new DigestMismatchError({ expected: expected.digest, actual }, giver);
}

/** Sends HEAD or GET for a manifest. */
export async function ask(
  context: RepositoryContext,
  method: "HEAD" | "GET",
  reference: string,
  mediaTypes: readonly string[],
  operation: string,
  { signal }: CallOptions,
  expect: readonly number[] = [200],
  actions: readonly string[] = ["pull"],
): Promise<TransportResponse> {
  const answer = context.connection.send({
    method,
    target: manifestPath(context, reference),
    headers: { accept: mediaTypes.join(", ") },
    operation,
    scopes: scopesOf(context, ...actions),
    expect,
    ...(signal && { signal }),
  });
  return await orNotFound(answer, (options) => manifestUnknown(context, reference, options));
}

/** The error for a manifest that the repository does not hold. */
export function manifestUnknown({ name }: RepositoryContext, reference: string | Digest, options?: AnswerErrorOptions): NotFoundError {
  return isDigest(reference)
    ? new ManifestUnknownRevisionError({ repository: name, revision: reference }, options)
    : new ManifestUnknownError({ repository: name, tag: reference }, options);
}
