import {
  type CallOptions,
  decodeReferrersIndex,
  type Descriptor,
  type Digest,
  digestAlgorithm,
  MEDIA_TYPES,
  parseMediaType,
  type ReferrersIndex,
  referrersTag,
} from "@berth/oci";
import { digestOf } from "@berth/oci/node";
import { isNotFound } from "../../errors.ts";
import { acknowledged } from "../../transport/web-page.ts";
import { headerValue, type TransportResponse } from "../../transport/transport.ts";
import { readMetadata } from "../answers.ts";
import { manifestPath, type RepositoryContext, scopesOf } from "../context.ts";

/** An index under a referrers tag. */
export interface TagIndex {
  readonly kind: "index";
  readonly index: ReferrersIndex;
  readonly digest: Digest;
  /** To be sent back in `If-Match`; absent when there is none that can match. */
  readonly entityTag: string | undefined;
}

/**
 * What stands under a referrers tag: an index, nothing, the subject itself (there are registries that take `sha256-x` for the digest
 * `sha256:x`), or something that is no list of referrers.
 */
export type TagContent =
  | TagIndex
  | { readonly kind: "nothing" }
  | { readonly kind: "subject" }
  | { readonly kind: "other"; readonly mediaType: string };

/** All types, so that a registry does not hide what it holds; only one of them is believed. */
const ACCEPT = [MEDIA_TYPES.ociIndex, MEDIA_TYPES.ociManifest, MEDIA_TYPES.dockerManifestList, MEDIA_TYPES.dockerManifest].join(", ");

/** Reads what stands under the tag of a subject. @throws {LimitExceededError} when it is too large. */
export async function readTagIndex(context: RepositoryContext, subject: Descriptor, call: CallOptions): Promise<TagContent> {
  let response: TransportResponse;
  try {
    response = await context.connection.send({
      method: "GET",
      target: manifestPath(context, referrersTag(subject.digest)),
      headers: { accept: ACCEPT },
      expect: [200],
      operation: "read referrers index",
      scopes: scopesOf(context, "pull"),
      ...(call.signal && { signal: call.signal }),
    });
  } catch (error) {
    if (isNotFound(error)) return { kind: "nothing" };
    throw error;
  }
  const bytes = await readMetadata(response, context.settings.maxMetadataBytes);
  if (digestOf(bytes, digestAlgorithm(subject.digest)) === subject.digest) return { kind: "subject" };
  const mediaType = parseMediaType(headerValue(response.headers, "content-type") ?? "") ?? "";
  if (mediaType !== MEDIA_TYPES.ociIndex) return { kind: "other", mediaType };
  const etag = headerValue(response.headers, "etag");
  const entityTag = etag?.startsWith('"') ? etag : undefined; // a weak one never matches, RFC 9110 13.1.1
  return { kind: "index", index: decodeReferrersIndex(bytes), digest: digestOf(bytes), entityTag };
}

/** Puts an index under the tag of a subject. @throws {ResponseError} with status 412 when `replaces` stands there no more and the registry cares. */
export async function putTagIndex(
  context: RepositoryContext,
  subject: Descriptor,
  index: { readonly bytes: Uint8Array; readonly replaces: TagIndex | undefined },
  call: CallOptions,
): Promise<void> {
  const entityTag = index.replaces?.entityTag;
  const response = await context.connection.send({
    method: "PUT",
    target: manifestPath(context, referrersTag(subject.digest)),
    headers: { "content-type": MEDIA_TYPES.ociIndex, ...(entityTag !== undefined && { "if-match": entityTag }) },
    content: index.bytes,
    expect: [200, 201, 202],
    operation: "write referrers index",
    scopes: scopesOf(context, "pull", "push"),
    ...(call.signal && { signal: call.signal }),
  });
  await acknowledged(response);
}

/** Deletes an index; one that is gone is fine. */
export async function deleteIndex(context: RepositoryContext, digest: Digest, call: CallOptions): Promise<void> {
  const response = await context.connection.send({
    method: "DELETE",
    target: manifestPath(context, digest),
    expect: [200, 202, 204, 404],
    operation: "delete referrers index",
    scopes: scopesOf(context, "delete"),
    ...(call.signal && { signal: call.signal }),
  });
  await acknowledged(response);
}
