import { Readable } from "node:stream";
import {
  type ByteSource,
  type ByteStream,
  type CallOptions,
  decodeManifest,
  type Deleter,
  type Descriptor,
  type Digest,
  type FetchOptions,
  type GraphTarget,
  isDigest,
  isManifestMediaType,
  LimitExceededError,
  type ListOptions,
  NotFoundError,
  type Paged,
  type ReferrerLister,
  type ReferrersOptions,
  referrersOf,
  SizeMismatchError,
  spanOf,
  type TagLister,
  type Untagger,
} from "@berth/oci";
import { readAllVerified } from "@berth/oci/node";
import { checkName, withoutNames } from "../layout/names.ts";
import { discardSource } from "./discard-source.ts";
import { pagedItems, pagedTexts } from "./paged.ts";
import { ReverseIndex } from "./reverse-index.ts";

/** Options of {@link createMemoryStore}. */
export interface MemoryStoreOptions {
  /** Bytes of all content together, that which is arriving included; default: no limit. */
  readonly maxBytes?: number;
  /** Bytes of one manifest; default 4 MiB. */
  readonly maxManifestBytes?: number;
  /** Manifests, at most; default 100,000. */
  readonly maxManifests?: number;
}

/** Content in memory, as a place to copy from and to. */
export interface MemoryTarget extends GraphTarget, TagLister, ReferrerLister, Untagger, Deleter {
  /** Bytes held. */
  readonly bytes: number;
  /** Describes content as it was pushed. @throws {NotFoundError} if absent. */
  stat(digest: Digest, options?: CallOptions): Promise<Descriptor>;
}

/**
 * Makes an empty store. What is pushed is checked, and stays until it is deleted; nothing is written anywhere. An empty reference resolves
 * to the only tag's manifest when there is one tag.
 *
 * @see oras-go, content/memory
 */
export function createMemoryStore(options: MemoryStoreOptions = {}): MemoryTarget {
  return new MemoryStore(options);
}

interface Content {
  readonly descriptor: Descriptor;
  readonly bytes: Buffer;
}

class MemoryStore implements MemoryTarget {
  readonly #options: MemoryStoreOptions;
  readonly #content = new Map<Digest, Content>();
  readonly #tags = new Map<string, Descriptor>();
  readonly #graph: ReverseIndex;
  /** Bytes promised to pushes under way. */
  #arriving = 0;
  #bytes = 0;

  constructor(options: MemoryStoreOptions) {
    this.#options = options;
    this.#graph = new ReverseIndex(options.maxManifests);
  }

  get bytes(): number {
    return this.#bytes;
  }

  async fetch(target: Descriptor, { signal, ...part }: FetchOptions = {}): Promise<ByteStream> {
    signal?.throwIfAborted();
    const { bytes } = this.#get(target.digest, target);
    if (target.size !== bytes.byteLength) throw new SizeMismatchError({ expected: target.size, actual: bytes.byteLength });
    const { start, end } = spanOf(part, bytes.byteLength);
    return Readable.from(start < end ? [bytes.subarray(start, end)] : [], { objectMode: false, ...(signal && { signal }) });
  }

  async push(expected: Descriptor, content: ByteSource, { signal }: CallOptions = {}): Promise<void> {
    signal?.throwIfAborted();
    if (await this.exists(expected)) {
      discardSource(content);
      return this.#learn(expected);
    }
    const { maxManifestBytes = 4_194_304 } = this.#options;
    const maxBytes = isManifestMediaType(expected.mediaType) ? maxManifestBytes : Number.MAX_SAFE_INTEGER;
    const { release } = this.#reserve(expected.size);
    try {
      const bytes = await readAllVerified(content, expected, { maxBytes, ...(signal && { signal }) });
      signal?.throwIfAborted();
      this.#add(expected, bytes);
    } finally {
      release();
    }
  }

  async exists(target: Descriptor, { signal }: CallOptions = {}): Promise<boolean> {
    signal?.throwIfAborted();
    return this.#content.get(target.digest)?.bytes.byteLength === target.size;
  }

  async stat(digest: Digest, { signal }: CallOptions = {}): Promise<Descriptor> {
    signal?.throwIfAborted();
    const { mediaType, size } = this.#get(digest).descriptor;
    return { mediaType, digest, size };
  }

  async resolve(reference: string, options: CallOptions = {}): Promise<Descriptor> {
    if (isDigest(reference)) return await this.stat(reference, options);
    options.signal?.throwIfAborted();
    const [only, ...more] = reference === "" ? this.#tags.values() : [];
    const found = more.length === 0 && only !== undefined ? only : this.#tags.get(reference);
    if (found === undefined) throw new NotFoundError("tag", reference);
    return found;
  }

  async tag(target: Descriptor, tag: string, { signal }: CallOptions = {}): Promise<void> {
    signal?.throwIfAborted();
    checkName(tag);
    const { bytes } = this.#get(target.digest, target);
    this.#learn(target);
    this.#tags.set(tag, withoutNames({ ...target, size: bytes.byteLength }));
  }

  async untag(tag: string, { signal }: CallOptions = {}): Promise<void> {
    signal?.throwIfAborted();
    if (!this.#tags.delete(tag)) throw new NotFoundError("tag", tag);
  }

  tags(options: ListOptions = {}): Paged<string> {
    return pagedTexts(() => this.#tags.keys(), options);
  }

  async delete(target: Descriptor, { signal }: CallOptions = {}): Promise<void> {
    signal?.throwIfAborted();
    const { bytes } = this.#get(target.digest, target);
    this.#content.delete(target.digest);
    this.#graph.remove(target.digest);
    this.#bytes -= bytes.byteLength;
    for (const [tag, { digest }] of this.#tags) if (digest === target.digest) this.#tags.delete(tag);
  }

  async predecessors(target: Descriptor, { signal }: CallOptions = {}): Promise<readonly Descriptor[]> {
    signal?.throwIfAborted();
    return this.#graph.predecessors(target.digest);
  }

  referrers(subject: Descriptor, options: ReferrersOptions = {}): Paged<Descriptor> {
    const graph = {
      fetch: async (node: Descriptor) => await this.fetch(node),
      predecessors: async (node: Descriptor) => await this.predecessors(node),
    };
    return pagedItems(async () => await referrersOf(graph, subject, options), undefined, options.signal);
  }

  #get(digest: Digest, { mediaType }: Partial<Descriptor> = {}): Content {
    const found = this.#content.get(digest);
    if (found === undefined)
      throw new NotFoundError(mediaType !== undefined && isManifestMediaType(mediaType) ? "manifest" : "blob", digest);
    return found;
  }

  #add(descriptor: Descriptor, bytes: Buffer): void {
    if (this.#content.has(descriptor.digest)) return this.#learn(descriptor); // another push was faster
    if (isManifestMediaType(descriptor.mediaType)) this.#graph.add(descriptor, decodeManifest(bytes, descriptor.mediaType));
    this.#content.set(descriptor.digest, { descriptor, bytes });
    this.#bytes += bytes.byteLength;
  }

  /** What came as a blob may turn out to be a manifest. */
  #learn({ mediaType, digest }: Descriptor): void {
    const { descriptor, bytes } = this.#get(digest);
    if (!isManifestMediaType(mediaType) || this.#graph.has(digest)) return;
    const known = { ...descriptor, mediaType };
    this.#graph.add(known, decodeManifest(bytes, mediaType));
    this.#content.set(digest, { descriptor: known, bytes });
  }

  /** Counts bytes before they arrive, so that pushes side by side keep the limit together. */
  #reserve(size: number): { release(): void } {
    const { maxBytes = Number.POSITIVE_INFINITY } = this.#options;
    if (this.#bytes + this.#arriving + size > maxBytes) {
      throw new LimitExceededError({ what: `content of ${size} more bytes`, limit: maxBytes });
    }
    this.#arriving += size;
    return { release: () => void (this.#arriving -= size) };
  }
}
