import { type Digest, parseReferenceWithin, type Tag } from "@berth/oci";
import type { RepositoryContext } from "./context.ts";

/**
 * The tag or digest that a reference names, within a repository: `tag@digest` is the digest, a whole reference must be one into it.
 *
 * @throws {InvalidReferenceError}
 */
export function checkReference({ name }: RepositoryContext, registry: string, reference: string): Tag | Digest {
  return parseReferenceWithin({ registry, repository: name }, reference).reference;
}
