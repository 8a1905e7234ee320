import { Readable } from "node:stream";
import {
  type ByteSource,
  CANONICAL_ALGORITHM,
  type CallOptions,
  type Descriptor,
  type Digest,
  DigestMismatchError,
  LimitExceededError,
  ManifestBlobUnknownError,
  type ManifestEnumerator,
  type ManifestStore,
  ManifestVerificationError,
  NotFoundError,
  SizeMismatchError,
  UnsupportedError,
  decodeManifest,
  digestAlgorithm,
  effectiveArtifactType,
  isDigest,
  parseDigest,
  parseTag,
} from "@berth/oci";
import { digestOf } from "@berth/oci/node";
import type { ManifestRecord, ManifestSummary } from "../metadata/records.ts";
import type { ManifestKey } from "../metadata/store.ts";
import type { DomainContext } from "./context.ts";
import { applyPolicy } from "./manifest-policy.ts";
import { pagedTexts } from "./paged.ts";
import { readBounded } from "./read-bounded.ts";

/** Where a pushed manifest goes. */
export interface PutManifestTarget {
  /** The digest that the client gave; default: the canonical one of the bytes. */
  readonly digest?: Digest;
  /** Tags to point at it. */
  readonly tags: readonly string[];
  /** Name of the user who pushes. */
  readonly actor?: string | undefined;
}

/** A stored manifest. */
export interface PutManifestOutcome {
  readonly digest: Digest;
  /** Digest of the manifest that it refers to. */
  readonly subject: Digest | undefined;
}

/** Manifests of one repository. Bytes are kept and given back exactly as they came. */
export class RepositoryManifests implements ManifestStore, ManifestEnumerator {
  readonly #context: DomainContext;
  readonly #repository: string;

  constructor(context: DomainContext, repository: string) {
    this.#context = context;
    this.#repository = repository;
  }

  /** The manifest of a tag or digest with its bytes. @throws {NotFoundError} if absent. */
  async get(reference: string): Promise<ManifestRecord> {
    return (await this.#context.metadata.findManifest(this.#repository, manifestKey(reference))) ?? unknown(reference);
  }

  /** The manifest of a tag or digest without its bytes. @throws {NotFoundError} if absent. */
  async stat(reference: string): Promise<ManifestSummary> {
    return (await this.#context.metadata.statManifest(this.#repository, manifestKey(reference))) ?? unknown(reference);
  }

  /**
   * Checks and stores a manifest, and sets its tags, in one step. Durable when it resolves.
   *
   * @param contentType the media type that the client gave; undefined: told by the content
   * @throws {InvalidManifestError} @throws {DigestMismatchError} @throws {LimitExceededError}
   * @throws {ManifestVerificationError} naming all that the repository does not hold
   */
  async put(bytes: Uint8Array, contentType: string | undefined, target: PutManifestTarget): Promise<PutManifestOutcome> {
    const { metadata, policy, limits } = this.#context;
    if (bytes.byteLength > limits.maxManifestBytes) throw new LimitExceededError({ what: "manifest", limit: limits.maxManifestBytes });
    if (target.tags.length > limits.maxTagsPerPush) throw new LimitExceededError({ what: "tags", limit: limits.maxTagsPerPush });
    const manifest = decodeManifest(bytes, contentType);
    const references = applyPolicy(policy, manifest);
    const digest = digestOf(bytes, target.digest === undefined ? CANONICAL_ALGORITHM : digestAlgorithm(target.digest));
    if (target.digest !== undefined && target.digest !== digest) throw new DigestMismatchError({ expected: target.digest, actual: digest });
    const artifactType = effectiveArtifactType(manifest);
    const { missing } = await metadata.putManifest({
      repository: this.#repository,
      digest,
      mediaType: manifest.mediaType,
      payload: bytes,
      references,
      tags: target.tags,
      ...(artifactType === undefined ? {} : { artifactType }),
      ...(manifest.kind === "image" ? { configMediaType: manifest.configMediaType } : {}),
      ...(manifest.subject === undefined ? {} : { subject: manifest.subject.digest }),
      ...(manifest.annotations === undefined ? {} : { annotations: manifest.annotations }),
      ...(target.actor === undefined ? {} : { actor: target.actor }),
    });
    if (missing.length > 0) throw new ManifestVerificationError(missing.map((missed) => new ManifestBlobUnknownError(missed)));
    return { digest, subject: manifest.subject?.digest };
  }

  async resolve(reference: string): Promise<Descriptor> {
    return describe(await this.stat(reference));
  }

  async exists(target: Descriptor): Promise<boolean> {
    return (await this.#context.metadata.statManifest(this.#repository, { digest: target.digest })) !== undefined;
  }

  async fetch(target: Descriptor): Promise<Readable> {
    return Readable.from([(await this.get(target.digest)).payload]);
  }

  async fetchReference(reference: string): Promise<{ readonly descriptor: Descriptor; readonly content: Readable }> {
    const record = await this.get(reference);
    return { descriptor: describe(record), content: Readable.from([record.payload]) };
  }

  async push(expected: Descriptor, content: ByteSource, options?: CallOptions): Promise<void> {
    await this.put(await this.#read(expected, content, options), expected.mediaType, { digest: expected.digest, tags: [] });
  }

  async pushReference(expected: Descriptor, content: ByteSource, reference: string, options?: CallOptions): Promise<void> {
    const tags = isDigest(reference) ? [] : [parseTag(reference)];
    await this.put(await this.#read(expected, content, options), expected.mediaType, { digest: expected.digest, tags });
  }

  async tag(target: Descriptor, tag: string): Promise<void> {
    if (!(await this.#context.metadata.setTag(this.#repository, parseTag(tag), target.digest))) unknown(target.digest);
  }

  /** Removes a manifest and all tags on it. @throws {NotFoundError} @throws {UnsupportedError} when deletes are off. */
  async delete(target: Pick<Descriptor, "digest">, options: CallOptions & { readonly actor?: string | undefined } = {}): Promise<void> {
    if (!this.#context.deleteEnabled) throw new UnsupportedError("delete manifest");
    if ((await this.#context.metadata.deleteManifest(this.#repository, target.digest, options.actor)) === undefined) unknown(target.digest);
  }

  enumerateManifests(options?: CallOptions): AsyncIterable<Digest> {
    return pagedTexts((page) => this.#context.metadata.listManifests(this.#repository, page), options);
  }

  async #read(expected: Descriptor, content: ByteSource, options: CallOptions | undefined): Promise<Uint8Array> {
    const bytes = await readBounded(content, { what: "manifest", limit: this.#context.limits.maxManifestBytes, signal: options?.signal });
    if (bytes.byteLength !== expected.size) throw new SizeMismatchError({ expected: expected.size, actual: bytes.byteLength });
    return bytes;
  }
}

/** The descriptor of a stored manifest. */
export function describe({ mediaType, digest, size }: ManifestSummary): Descriptor {
  return { mediaType, digest, size };
}

/** Reads a tag or digest as a key; a malformed digest throws, a malformed tag names nothing. */
export function manifestKey(reference: string): ManifestKey {
  return reference.includes(":") ? { digest: parseDigest(reference) } : { tag: reference };
}

function unknown(reference: string): never {
  throw new NotFoundError(reference.includes(":") ? "manifest" : "tag", reference);
}
