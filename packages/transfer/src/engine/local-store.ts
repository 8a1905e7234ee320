import {
  type CallOptions,
  type Descriptor,
  type Digest,
  formatName,
  type ListOptions,
  type Named,
  NotFoundError,
  type Paged,
  type ReadOnlyTarget,
  type TagLister,
  type Target,
  UnsupportedError,
} from "@berth/oci";
import { isResolver, isTagger, isTagLister } from "../copy/abilities.ts";
import { createMemoryStore } from "../memory/memory-store.ts";
import { pagedTexts } from "../memory/paged.ts";
import type { EngineOptions, ReferenceStore } from "./options.ts";
import { createReferenceStore } from "./reference-store.ts";

/** The content of an engine and its names, which are whole references: `docker.io/library/debian:12`. */
export class LocalStore {
  /** Content with names, as a place to copy to. */
  readonly target: Target;
  readonly #references: ReferenceStore;
  readonly #content: NonNullable<EngineOptions["contentStore"]>;

  constructor({ contentStore = createMemoryStore(), referenceStore }: Pick<EngineOptions, "contentStore" | "referenceStore">) {
    const canName = isResolver(contentStore) && isTagger(contentStore);
    this.#content = contentStore;
    this.#references = referenceStore ?? (canName ? contentStore : createReferenceStore());
    const references = this.#references;
    const isOne = canName && Object.is(references, contentStore);
    this.target = isOne
      ? contentStore
      : {
          fetch: async (target, options) => await contentStore.fetch(target, options),
          exists: async (target, options) => await contentStore.exists(target, options),
          push: async (expected, content, options) => await contentStore.push(expected, content, options),
          resolve: async (reference, options) => await references.resolve(reference, options),
          tag: async (target, tag, options) => await references.tag(target, tag, options),
        };
  }

  /** Describes a manifest that is here; undefined when it is not, or that cannot be told. */
  async find(digest: Digest, options: CallOptions): Promise<Descriptor | undefined> {
    if (!isResolver(this.#content)) return undefined;
    try {
      const found = await this.#content.resolve(digest, options);
      return (await this.#content.exists(found, options)) ? found : undefined;
    } catch (error) {
      if (error instanceof NotFoundError) return undefined;
      throw error;
    }
  }

  /** The tags of one name, as a place to copy from. */
  repository(named: Named): ReadOnlyTarget & TagLister {
    const prefix = `${formatName(named)}:`;
    const references = this.#references;
    return {
      fetch: async (target, options) => await this.#content.fetch(target, options),
      resolve: async (tag, options) => await references.resolve(prefix + tag, options),
      tags: (options: ListOptions = {}): Paged<string> => pagedTexts(() => tagsBehind(references, prefix, options), options),
    };
  }

  /** Whether content is here. */
  async has(target: Descriptor, options: CallOptions): Promise<boolean> {
    return await this.#content.exists(target, options);
  }
}

async function tagsBehind(references: ReferenceStore, prefix: string, { signal }: ListOptions): Promise<Iterable<string>> {
  if (!isTagLister(references)) throw new UnsupportedError("list the tags of a name: the reference store cannot list");
  const found: string[] = [];
  for await (const name of references.tags(signal === undefined ? {} : { signal })) {
    if (name.startsWith(prefix)) found.push(name.slice(prefix.length));
  }
  return found;
}
