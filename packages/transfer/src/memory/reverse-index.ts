import { type Descriptor, type Digest, LimitExceededError, type Manifest, successorsOf } from "@berth/oci";

/** Manifests that one index holds at most, unless told otherwise. */
export const DEFAULT_MAX_MANIFESTS = 100_000;

interface Node {
  readonly descriptor: Descriptor;
  readonly successors: readonly Digest[];
}

/** Who points at what: the graph of manifests, to be walked upwards. Content that is pointed at need not be there. */
export class ReverseIndex {
  readonly #maxManifests: number;
  readonly #nodes = new Map<Digest, Node>();
  readonly #above = new Map<Digest, Set<Digest>>();

  /** `maxManifests` defaults to 100,000. */
  constructor(maxManifests: number = DEFAULT_MAX_MANIFESTS) {
    this.#maxManifests = maxManifests;
  }

  /** True when the manifest was added. */
  has(digest: Digest): boolean {
    return this.#nodes.has(digest);
  }

  /** The descriptor that a manifest was added by. */
  get(digest: Digest): Descriptor | undefined {
    return this.#nodes.get(digest)?.descriptor;
  }

  /** Adds a manifest; one that is known already stays as it is. @throws {LimitExceededError} when there are too many. */
  add(descriptor: Descriptor, manifest: Manifest): void {
    const { mediaType, digest, size } = descriptor;
    if (this.#nodes.has(digest)) return;
    if (this.#nodes.size >= this.#maxManifests) {
      throw new LimitExceededError({ what: "more manifests in one place", limit: this.#maxManifests });
    }
    const successors = [...new Set(successorsOf(manifest).map((successor) => successor.digest))];
    this.#nodes.set(digest, { descriptor: { mediaType, digest, size }, successors });
    for (const successor of successors) {
      const above = this.#above.get(successor);
      if (above === undefined) this.#above.set(successor, new Set([digest]));
      else above.add(digest);
    }
  }

  /** Forgets a manifest; what points at it still does. */
  remove(digest: Digest): void {
    for (const successor of this.#nodes.get(digest)?.successors ?? []) {
      const above = this.#above.get(successor);
      above?.delete(digest);
      if (above?.size === 0) this.#above.delete(successor);
    }
    this.#nodes.delete(digest);
  }

  /** The manifests that point at content, in the order in which they were added. */
  predecessors(digest: Digest): readonly Descriptor[] {
    return [...(this.#above.get(digest) ?? [])].flatMap((above) => this.get(above) ?? []);
  }

  /** What a manifest points at; nothing for one that was not added. */
  successors(digest: Digest): readonly Digest[] {
    return this.#nodes.get(digest)?.successors ?? [];
  }
}
