import {
  type ByteSource,
  type CallOptions,
  CANONICAL_ALGORITHM,
  type Descriptor,
  digestAlgorithm,
  LimitExceededError,
  SizeMismatchError,
  type Tag,
} from "@berth/oci";
import { ResponseError } from "../errors.ts";
import type { TransportResponse } from "../transport/transport.ts";
import { acknowledged } from "../transport/web-page.ts";
import { checkContentDigest } from "./answers.ts";
import type { Connection, ConnectionRequest } from "./connection.ts";
import { originalOf } from "./connection-face.ts";
import { manifestPath, type RepositoryContext, scopesOf } from "./context.ts";
import { orRefusedAlgorithm } from "./refused-algorithm.ts";
import { checkManifest } from "./manifest-read.ts";

/** Reads the content of a manifest into memory, since it may have to be sent again, and checks it, all before anything is sent. */
export async function readForPush(
  context: RepositoryContext,
  expected: Descriptor,
  content: ByteSource,
  { signal }: CallOptions,
): Promise<Uint8Array> {
  signal?.throwIfAborted();
  const limit = context.settings.maxMetadataBytes;
  if (expected.size > limit)
    throw new LimitExceededError({ what: `manifest of ${expected.size} bytes`, limit, option: "maxMetadataBytes" });
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of content) {
    signal?.throwIfAborted();
    size += chunk.byteLength;
    if (size > expected.size) throw new SizeMismatchError({ expected: expected.size, actual: size });
    chunks.push(chunk);
  }
  const bytes = Buffer.concat(chunks);
  checkManifest(bytes, expected);
  return bytes;
}

/** Puts checked bytes under a checked tag or digest. Resolves with the answer, whose body is read. */
export async function putManifest(
  context: RepositoryContext,
  expected: Descriptor,
  bytes: Uint8Array,
  reference: string,
  options: CallOptions & { readonly tags?: readonly Tag[] } = {},
): Promise<TransportResponse> {
  const query = (options.tags ?? []).map((tag) => `tag=${tag}`).join("&"); // nothing in a tag needs encoding
  const put: ConnectionRequest = {
    method: "PUT",
    target: `${manifestPath(context, reference)}${query === "" ? "" : `?${query}`}`,
    headers: { "content-type": expected.mediaType },
    content: bytes,
    operation: "push manifest",
    scopes: scopesOf(context, "pull", "push"),
    expect: [201, 200, 202], // 201 by the book; who says anything else is looked at
    ...(options.signal && { signal: options.signal }),
  };
  const response = await orRefusedAlgorithm(expected.digest, async () => await context.connection.send(put));
  await acknowledged(response);
  checkContentDigest(response, expected.digest);
  return response;
}

/** Registries that took none of several tags from a query: the next ones go by themselves at once. */
const oneByOne = new WeakSet<Connection>();

/** Tags in one request, at most: some servers refuse longer addresses. */
const TAGS_A_REQUEST = 100;

/**
 * Puts checked bytes under a digest and several tags, in as few requests as the registry makes possible. One that knows tags in the query
 * says in `OCI-Tag` which it took, all in one step; any other ignores the query, stores the manifest, and gets each tag by itself.
 *
 * @returns the answer to the first request.
 * @see OCI distribution-spec, "Pushing Manifests", end-7b
 */
export async function putTags(
  context: RepositoryContext,
  expected: Descriptor,
  bytes: Uint8Array,
  tags: readonly Tag[],
  options: CallOptions = {},
): Promise<TransportResponse> {
  const wanted = [...new Set(tags)];
  const [tag, ...others] = wanted;
  const original = originalOf(context.connection);
  const isCanonical = digestAlgorithm(expected.digest) === CANONICAL_ALGORITHM; // else the query is all that names its digest
  if (tag !== undefined && isCanonical && (others.length === 0 || oneByOne.has(original))) {
    const response = await putManifest(context, expected, bytes, tag, options);
    await putEach(context, expected, bytes, others, options);
    return response;
  }
  const first = await putSome(context, expected, bytes, wanted.slice(0, TAGS_A_REQUEST), options);
  let { known } = first;
  if (!known && wanted.length > 0) oneByOne.add(original);
  for (let at = TAGS_A_REQUEST; at < wanted.length; at += TAGS_A_REQUEST) {
    const some = wanted.slice(at, at + TAGS_A_REQUEST);
    if (known) known = (await putSome(context, expected, bytes, some, options)).known;
    else await putEach(context, expected, bytes, some, options);
  }
  return first.response;
}

/** Puts some tags at once, then those that the registry passed over. `known`: whether it took any from the query. */
async function putSome(
  context: RepositoryContext,
  expected: Descriptor,
  bytes: Uint8Array,
  tags: readonly Tag[],
  options: CallOptions,
): Promise<{ readonly response: TransportResponse; readonly known: boolean }> {
  try {
    const response = await putManifest(context, expected, bytes, expected.digest, { ...options, tags });
    const accepted = acceptedTags(response);
    await putEach(
      context,
      expected,
      bytes,
      tags.filter((tag) => !accepted.has(tag)),
      options,
    );
    return { response, known: accepted.size > 0 };
  } catch (error) {
    if (!isTooLong(error) || tags.length < 2) throw error;
    const middle = tags.length >>> 1;
    const first = await putSome(context, expected, bytes, tags.slice(0, middle), options);
    await putSome(context, expected, bytes, tags.slice(middle), options);
    return first;
  }
}

async function putEach(
  context: RepositoryContext,
  expected: Descriptor,
  bytes: Uint8Array,
  tags: readonly Tag[],
  options: CallOptions,
): Promise<void> {
  for (const tag of tags) await putManifest(context, expected, bytes, tag, options);
}

function acceptedTags(response: TransportResponse): ReadonlySet<string> {
  const fields = response.headers["oci-tag"] ?? [];
  const values = typeof fields === "string" ? [fields] : fields;
  return new Set(values.flatMap((value) => value.split(",")).map((tag) => tag.trim()));
}

function isTooLong(error: unknown): boolean {
  return error instanceof ResponseError && (error.status === 414 || error.status === 431);
}
