import { type Descriptor, type ListOptions, NotFoundError, type Paged, type Resolver, type Tagger, type TagLister } from "@berth/oci";
import { pagedTexts } from "../memory/paged.ts";

/** Names in memory, of content that is elsewhere. */
export interface MemoryReferenceStore extends Resolver, Tagger, TagLister {}

/**
 * Makes an empty store of names. It does not look whether the content is there; `resolve()` of an
 * unknown name throws `NotFoundError`.
 *
 * @see moby, reference.Store
 */
export function createReferenceStore(): MemoryReferenceStore {
  const names = new Map<string, Descriptor>();
  return {
    async resolve(reference) {
      const found = names.get(reference);
      if (found === undefined) throw new NotFoundError("tag", reference);
      return found;
    },
    async tag(target, tag) {
      names.set(tag, target);
    },
    tags: (options: ListOptions = {}): Paged<string> => pagedTexts(() => names.keys(), options),
  };
}
