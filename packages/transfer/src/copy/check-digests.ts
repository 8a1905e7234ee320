import { type Descriptor, InvalidReferenceError, isDigest } from "@berth/oci";

/**
 * Holds content against the digests among the names that it is to get somewhere.
 *
 * @throws {InvalidReferenceError} for the first digest that is another one.
 */
export function checkDigests(names: readonly string[], { digest }: Descriptor): void {
  const other = names.find((name) => isDigest(name) && name !== digest);
  if (other !== undefined) throw new InvalidReferenceError(other, `expected a tag, or the digest "${digest}"`);
}
