import type { CallOptions, Paged } from "./content.ts";
import type { Descriptor } from "./descriptor.ts";
import type { Digest } from "./digest.ts";

/** Lists every blob of a store, in no order. Leaving the loop stops the listing. */
export interface BlobEnumerator {
  /** Each digest once. */
  enumerateBlobs(options?: CallOptions): AsyncIterable<Digest>;
}

/** Lists every manifest of a repository, in no order. Leaving the loop stops the listing. */
export interface ManifestEnumerator {
  /** Each digest once, tagged or not. */
  enumerateManifests(options?: CallOptions): AsyncIterable<Digest>;
}

/** Lists every repository of a registry in byte order. */
export interface RepositoryEnumerator {
  /** Their names. */
  enumerateRepositories(options?: CallOptions): AsyncIterable<string>;
}

/** Removes repositories with all that is in them. */
export interface RepositoryRemover {
  /** @throws {RepositoryUnknownError} */
  removeRepository(name: string, options?: CallOptions): Promise<void>;
}

/** Finds tags by what they point at. */
export interface TagLookup {
  /** The tags that point at `target`, in byte order. */
  lookupTags(target: Descriptor, options?: CallOptions): Paged<string>;
}

/** Remembers what tags pointed at. */
export interface TagHistory {
  /** Every digest that `tag` ever had and that was not deleted since. */
  manifestDigests(tag: string, options?: CallOptions): Promise<readonly Digest[]>;
}

/** Keeps descriptors of blobs at hand, perhaps under several digests each. */
export interface BlobDescriptorStore {
  /** @throws {BlobUnknownError} */
  stat(digest: Digest, options?: CallOptions): Promise<Descriptor>;
  /** Remembers that `digest` names the content of `descriptor`, whose own digest may be of another algorithm. */
  setDescriptor(digest: Digest, descriptor: Descriptor, options?: CallOptions): Promise<void>;
  /** Forgets a digest; an unknown one is no error. */
  clear(digest: Digest, options?: CallOptions): Promise<void>;
}

/** Wraps the descriptors of a repository's blobs: the place to allow or refuse single blobs. */
export type BlobAccessController = (inner: BlobDescriptorStore) => BlobDescriptorStore;
