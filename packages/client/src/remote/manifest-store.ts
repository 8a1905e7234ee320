import {
  type ByteSource,
  bytesSource,
  type CallOptions,
  type Descriptor,
  type FetchOptions,
  InvalidReferenceError,
  isDigest,
  type ManifestStore,
  type Tag,
  parseTag,
  spanOf,
} from "@berth/oci";
import type { ByteReadable } from "../transport/byte-readable.ts";
import type { ResponseHeaders, TransportResponse } from "../transport/transport.ts";
import type { Content } from "../transport/body.ts";
import { acknowledged } from "../transport/web-page.ts";
import { checkContentDigest, orNotFound, orUnsupported } from "./answers.ts";
import { bytesStream } from "./bytes-stream.ts";
import { manifestPath, type RepositoryContext, scopesOf } from "./context.ts";
import type { ManifestStat } from "./manifest-descriptor.ts";
import { putManifest, putTags, readForPush } from "./manifest-push.ts";
import { ask, manifestUnknown, readDescribedManifest, readManifest } from "./manifest-read.ts";
import { statManifest } from "./manifest-stat.ts";
import { checkReference } from "./reference-check.ts";
import type { Referrers } from "./referrers/referrers.ts";

/** A manifest as a stream, with what is known about it. */
export interface FetchedReference {
  readonly descriptor: Descriptor;
  /** Read and checked already; closing it is not needed. */
  readonly content: ByteReadable;
}

/**
 * The manifests of a remote repository. Wherever a reference is wanted, a tag, a digest, `tag@digest` or a whole reference into this
 * repository will do.
 */
export interface RemoteManifestStore extends ManifestStore {
  /**
   * Describes a manifest by one HEAD; where its answer says too little, by reading the manifest. @throws {NotFoundError} if absent.
   */
  resolve(reference: string, options?: CallOptions): Promise<Descriptor>;
  /** Like {@link RemoteManifestStore.resolve}, and tells where the knowledge is from. */
  stat(reference: string, options?: CallOptions): Promise<ManifestStat>;
  /** The headers of the answer to a HEAD by digest, by lower-case name. @throws {NotFoundError} if absent. */
  fetchHead(target: Descriptor, options?: CallOptions): Promise<ResponseHeaders>;
  /** Opens a manifest, read whole; its digest is checked, its size need not be what `target` says. @throws {NotFoundError} @throws {DigestMismatchError} @throws {LimitExceededError} */
  fetch(target: Descriptor, options?: FetchOptions): Promise<ByteReadable>;
  /** Reads what a reference names, in one request. @throws {NotFoundError} if absent. @throws {DigestMismatchError} @throws {LimitExceededError} */
  fetchReference(reference: string, options?: CallOptions): Promise<FetchedReference>;
  /** Stores a manifest under its digest; already present is success. @throws {DigestMismatchError} @throws {LimitExceededError} nothing is sent then. */
  push(expected: Descriptor, content: Content, options?: CallOptions): Promise<void>;
  /** Stores a manifest and tags it in one step. @throws {InvalidReferenceError} when the reference is another digest. */
  pushReference(expected: Descriptor, content: Content, reference: string, options?: CallOptions): Promise<void>;
  /** Pushes a manifest and points all of `tags` at it, in one request where the registry can do that. */
  pushTags(expected: Descriptor, content: Content, tags: readonly string[], options?: CallOptions): Promise<void>;
  /** Points several tags at a manifest that the repository holds. @throws {NotFoundError} when it does not hold it. */
  tagAll(target: Descriptor, tags: readonly string[], options?: CallOptions): Promise<void>;
}

/** Makes the manifest store of a repository. */
export function createManifestStore(context: RepositoryContext, registry: string, referrers: Referrers): RemoteManifestStore {
  const check = (reference: string): string => checkReference(context, registry, reference);

  /** Puts the manifest under what `reference` says, and tells those who keep lists of referrers. */
  async function push(
    expected: Descriptor,
    content: ByteSource | Uint8Array,
    references: readonly string[],
    options: CallOptions,
  ): Promise<void> {
    const digests = references.filter(isDigest);
    const other = digests.find((digest) => digest !== expected.digest);
    if (other !== undefined) throw new InvalidReferenceError(other, `expected a tag, or the digest "${expected.digest}"`);
    const tags: readonly Tag[] = references.filter((reference) => !isDigest(reference)).map(parseTag);
    const bytes = content instanceof Uint8Array ? content : await readForPush(context, expected, content, options);
    const response =
      tags.length === 0
        ? await putManifest(context, expected, bytes, expected.digest, options)
        : await putTags(context, expected, bytes, tags, options);
    await referrers.afterPush({ descriptor: expected, bytes, headers: response.headers }, options);
  }

  async function tag(target: Descriptor, references: readonly string[], options: CallOptions = {}): Promise<void> {
    const checked = references.map(check);
    if (checked.length === 0) return;
    // one token for both requests
    const bytes = await readDescribedManifest(context, target, options, ["pull", "push"]);
    await push({ ...target, size: bytes.byteLength }, bytes, checked, options);
  }

  return {
    async resolve(reference, options) {
      return (await statManifest(context, check(reference), options)).descriptor;
    },
    stat: async (reference, options) => await statManifest(context, check(reference), options),
    async fetchHead(target, options = {}) {
      const response = await ask(context, "HEAD", target.digest, [target.mediaType], "fetch manifest headers", options);
      await acknowledged(response);
      return response.headers;
    },
    async exists(target, options = {}) {
      const response = await ask(context, "HEAD", target.digest, [target.mediaType], "look up manifest", options, [200, 404]);
      await acknowledged(response);
      return response.status === 200;
    },
    async fetch(target, options = {}) {
      spanOf(options, target.size); // refused before anything is asked
      const bytes = await readDescribedManifest(context, target, options);
      const { start, end } = spanOf(options, bytes.byteLength);
      return bytesStream(bytes.subarray(start, end));
    },
    async fetchReference(reference, options) {
      const { descriptor, bytes } = await readManifest(context, check(reference), options);
      return { descriptor, content: bytesStream(bytes) };
    },
    push: async (expected, content, options = {}) => await push(expected, sourceOf(content), [], options),
    pushReference: async (expected, content, reference, options = {}) =>
      await push(expected, sourceOf(content), [check(reference)], options),
    pushTags: async (expected, content, tags, options = {}) => await push(expected, sourceOf(content), tags.map(check), options),
    tag: async (target, reference, options) => await tag(target, [reference], options),
    tagAll: tag,
    async delete(target, options = {}) {
      await referrers.beforeDelete(target, options);
      await deleteManifest(context, target, options);
    },
  };
}

function sourceOf(content: Content): ByteSource {
  return typeof content === "string" || content instanceof Uint8Array ? bytesSource(content) : content;
}

async function deleteManifest(context: RepositoryContext, target: Descriptor, { signal }: CallOptions): Promise<TransportResponse> {
  const answer = context.connection.send({
    method: "DELETE",
    target: manifestPath(context, target.digest),
    operation: "delete manifest",
    scopes: scopesOf(context, "delete"),
    expect: [202, 200, 204],
    ...(signal && { signal }),
  });
  const response = await orUnsupported(
    orNotFound(answer, (options) => manifestUnknown(context, target.digest, options)),
    "delete manifest",
  );
  await acknowledged(response);
  checkContentDigest(response, target.digest);
  return response;
}
