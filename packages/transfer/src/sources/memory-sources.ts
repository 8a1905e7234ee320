import type { Digest } from "@berth/oci";
import type { KnownSource, RepositoryPlace, SourceStore } from "./source-store.ts";

/** Repositories for one digest, at most. @see moby, maxMetadata */
const MAX_SOURCES = 50;
/** Digests for one uncompressed layer, at most. */
const MAX_DIGESTS = 10;

/** Options of {@link createSourceStore}. */
export interface MemorySourcesOptions {
  /** Digests that are remembered, at most; those that were used least recently go first. Default 20,000. */
  readonly maxDigests?: number;
}

/** What a {@link MemorySources} holds, ready to be written. Oldest first. */
export interface SourcesSnapshot {
  readonly sources: readonly (readonly [Digest, readonly KnownSource[]])[];
  readonly diffIds: readonly (readonly [Digest, readonly Digest[]])[];
}

/** Makes a store that lasts as long as the process. */
export function createSourceStore(options: MemorySourcesOptions = {}): SourceStore {
  return new MemorySources(options);
}

/** Two maps that forget what was used least recently. */
export class MemorySources implements SourceStore {
  readonly #sources = new Map<Digest, readonly KnownSource[]>();
  readonly #diffIds = new Map<Digest, readonly Digest[]>();
  readonly #maxDigests: number;
  /** Counts changes. */
  version = 0;

  constructor({ maxDigests = 20_000 }: MemorySourcesOptions = {}, from?: SourcesSnapshot) {
    this.#maxDigests = maxDigests;
    for (const [digest, sources] of from?.sources ?? []) this.#keep(this.#sources, digest, sources.slice(-MAX_SOURCES));
    for (const [diffId, digests] of from?.diffIds ?? []) this.#keep(this.#diffIds, diffId, digests.slice(-MAX_DIGESTS));
    this.version = 0;
  }

  async find(digest: Digest): Promise<readonly KnownSource[]> {
    return this.#sources.get(digest) ?? [];
  }

  note(digest: Digest, source: KnownSource): void {
    const others = this.#without(digest, source);
    this.#keep(this.#sources, digest, [...others, source].slice(-MAX_SOURCES));
  }

  forget(digest: Digest, place: RepositoryPlace): void {
    const others = this.#without(digest, place);
    if (others.length > 0) this.#keep(this.#sources, digest, others);
    else if (this.#sources.delete(digest)) this.version++;
  }

  async digestsOf(diffId: Digest): Promise<readonly Digest[]> {
    return this.#diffIds.get(diffId) ?? [];
  }

  noteDiffId(diffId: Digest, digest: Digest): void {
    const others = (this.#diffIds.get(diffId) ?? []).filter((one) => one !== digest);
    this.#keep(this.#diffIds, diffId, [...others, digest].slice(-MAX_DIGESTS));
  }

  async flush(): Promise<void> {}

  /** Everything, oldest first. */
  snapshot(): SourcesSnapshot {
    return { sources: [...this.#sources], diffIds: [...this.#diffIds] };
  }

  #without(digest: Digest, { registry, repository }: RepositoryPlace): readonly KnownSource[] {
    const known = this.#sources.get(digest) ?? [];
    return known.filter((one) => one.registry !== registry || one.repository !== repository);
  }

  #keep<V>(map: Map<Digest, V>, key: Digest, value: V): void {
    this.version++;
    map.delete(key);
    map.set(key, value);
    for (const oldest of map.keys()) {
      if (map.size <= this.#maxDigests) break;
      map.delete(oldest);
    }
  }
}
