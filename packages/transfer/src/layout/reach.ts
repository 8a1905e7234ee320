import {
  BerthError,
  type CallOptions,
  type Descriptor,
  type Digest,
  isManifestMediaType,
  LimitExceededError,
  type Manifest,
} from "@berth/oci";

/** As what content is pointed at; `root`: by `index.json`. */
export type ReachKind = "root" | "subject" | "config" | "layer" | "child" | "blob";

/** Content that something leads to. */
export interface Reached {
  readonly kind: ReachKind;
  readonly descriptor: Descriptor;
  /** The manifest that points at it; undefined for a root. */
  readonly from: Digest | undefined;
}

/** A manifest that could not be read. */
export interface UnreadManifest {
  readonly descriptor: Descriptor;
  readonly error: BerthError;
}

/** Reads a manifest. @throws {NotFoundError} when it is not there. */
export type ReadManifest = (node: Descriptor, options: CallOptions) => Promise<Manifest>;

/** Limits of {@link Reach}. */
export interface ReachLimits {
  /** Bytes of one manifest. */
  readonly maxManifestBytes: number;
  /** Manifests in all. */
  readonly maxManifests: number;
}

/** What manifests lead to, downwards and to their subjects. */
export class Reach {
  readonly #read: ReadManifest;
  readonly #limits: ReachLimits;
  readonly #reached = new Map<Digest, Reached>();
  /** Those that were there and could not be read: what they lead to is not known. */
  readonly unread: UnreadManifest[] = [];
  #manifests = 0;

  constructor(read: ReadManifest, limits: ReachLimits) {
    this.#read = read;
    this.#limits = limits;
  }

  /** All that was reached, each once, as what it was met first. */
  get reached(): ReadonlyMap<Digest, Reached> {
    return this.#reached;
  }

  /** Goes down from these. @throws {LimitExceededError} when there are too many manifests. */
  async add(roots: readonly Descriptor[], options: CallOptions = {}): Promise<void> {
    const queue: Reached[] = roots.map((descriptor) => ({ kind: "root", descriptor, from: undefined }));
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      options.signal?.throwIfAborted();
      const { digest } = next.descriptor;
      if (this.#reached.has(digest)) continue;
      this.#reached.set(digest, next);
      if (this.#mayLeadOn(next)) queue.push(...(await this.#below(next.descriptor, options)));
    }
  }

  /** The subject of a manifest; undefined when it has none, or cannot be read. */
  async subjectOf(node: Descriptor, options: CallOptions = {}): Promise<Descriptor | undefined> {
    const below = this.#mayLeadOn({ kind: "root", descriptor: node, from: undefined }) ? await this.#below(node, options) : [];
    return below.find(({ kind }) => kind === "subject")?.descriptor;
  }

  /** What stands where a manifest does may be one of a kind that nobody here knows. */
  #mayLeadOn({ kind, descriptor: { mediaType, size } }: Reached): boolean {
    const isManifestsPlace = kind === "root" || kind === "child" || kind === "subject";
    return isManifestMediaType(mediaType) || (isManifestsPlace && size <= this.#limits.maxManifestBytes);
  }

  async #below(node: Descriptor, options: CallOptions): Promise<readonly Reached[]> {
    if (++this.#manifests > this.#limits.maxManifests) {
      throw new LimitExceededError({ what: "more manifests in one place", limit: this.#limits.maxManifests });
    }
    const from = node.digest;
    try {
      const { references, subject } = await this.#read(node, options);
      const below = references.map(({ kind, descriptor }) => ({ kind, descriptor, from }));
      return subject === undefined ? below : [...below, { kind: "subject", descriptor: subject, from }];
    } catch (error) {
      if (!BerthError.is(error)) throw error;
      if (error.code !== "ERR_NOT_FOUND") this.unread.push({ descriptor: node, error });
      return [];
    }
  }
}
