import { type Digest, digestAlgorithm, digestEncoded, parseDigest } from "./digest.ts";
import { BerthError } from "./errors.ts";

/** No digest of a set fits what was asked for. */
export class DigestNotFoundError extends BerthError<"ERR_DIGEST_NOT_FOUND"> {
  constructor(input: string) {
    super("ERR_DIGEST_NOT_FOUND", `Cannot find digest: nothing starts with "${input.slice(0, 300)}"`);
  }
}

/** More than one digest of a set fits what was asked for. */
export class DigestAmbiguousError extends BerthError<"ERR_DIGEST_AMBIGUOUS"> {
  constructor(input: string) {
    super("ERR_DIGEST_AMBIGUOUS", `Cannot tell which digest is meant: several start with "${input.slice(0, 300)}"`);
  }
}

interface Entry {
  readonly hex: string;
  readonly digest: Digest;
}

/** A set of digests that finds its members by short prefixes, as people type them. */
export class DigestSet {
  /** By hex, then algorithm: entries with a common prefix stand together. */
  readonly #entries: Entry[] = [];

  constructor(digests: Iterable<string> = []) {
    for (const digest of digests) this.add(digest);
  }

  /** Digests in the set. */
  get size(): number {
    return this.#entries.length;
  }

  /** Adds a digest; one that is there already stays once. @throws {InvalidDigestError} when it is none. */
  add(input: string): void {
    const entry = entryOf(parseDigest(input));
    const at = this.#position(entry);
    if (this.#entries[at]?.digest !== entry.digest) this.#entries.splice(at, 0, entry);
  }

  /** Removes a digest; an absent one is no error. @throws {InvalidDigestError} when it is none. */
  remove(input: string): void {
    const entry = entryOf(parseDigest(input));
    const at = this.#position(entry);
    if (this.#entries[at]?.digest === entry.digest) this.#entries.splice(at, 1);
  }

  /** All digests, sorted by their hex digits, then by algorithm. */
  all(): readonly Digest[] {
    return this.#entries.map((entry) => entry.digest);
  }

  /**
   * The one digest that `input` means: a whole digest, `algorithm:prefix`, or a prefix of the hex digits alone.
   *
   * @throws {DigestNotFoundError} @throws {DigestAmbiguousError}
   */
  lookup(input: string): Digest {
    const found = this.#matches(input);
    const [digest] = found;
    if (digest === undefined) throw new DigestNotFoundError(input);
    if (found.length > 1) throw new DigestAmbiguousError(input);
    return digest;
  }

  /** As {@link DigestSet.lookup}, but undefined when nothing or more than one fits. */
  find(input: string): Digest | undefined {
    const found = this.#matches(input);
    return found.length === 1 ? found[0] : undefined;
  }

  /** At most two: more need not be told apart. */
  #matches(input: string): readonly Digest[] {
    const colon = input.indexOf(":");
    const algorithm = colon < 0 ? undefined : input.slice(0, colon);
    const prefix = input.slice(colon + 1);
    const found: Digest[] = [];
    if (prefix === "") return found;
    for (let i = this.#position({ hex: prefix, digest: "" }); found.length < 2; i++) {
      const entry = this.#entries[i];
      if (entry?.hex.startsWith(prefix) !== true) break;
      if (algorithm !== undefined && digestAlgorithm(entry.digest) !== algorithm) continue;
      if (algorithm !== undefined && entry.hex === prefix) return [entry.digest];
      found.push(entry.digest);
    }
    return found;
  }

  /** Index of the first entry that does not come before `wanted`. */
  #position(wanted: { readonly hex: string; readonly digest: string }): number {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const entry = this.#entries[middle];
      const before = entry !== undefined && (entry.hex < wanted.hex || (entry.hex === wanted.hex && entry.digest < wanted.digest));
      if (before) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/**
 * The shortest prefix of each digest's hex digits that means only it, of at least `minLength` digits. Where all of a digest's digits
 * start another digest of another algorithm, the code is the whole digest with its algorithm.
 */
export function shortCodeTable(set: DigestSet, minLength: number): ReadonlyMap<Digest, string> {
  const all = set.all();
  return new Map(all.map((digest, i) => [digest, shortCode(digest, [all[i - 1], all[i + 1]], minLength)]));
}

function shortCode(digest: Digest, neighbours: readonly (Digest | undefined)[], minLength: number): string {
  const hex = digestEncoded(digest);
  const shared = neighbours.map((other) => (other === undefined ? 0 : commonLength(hex, digestEncoded(other))));
  const length = Math.max(minLength, 1 + Math.max(...shared));
  return length > hex.length ? digest : hex.slice(0, length);
}

function commonLength(a: string, b: string): number {
  let i = 0;
  while (i < a.length && a.charCodeAt(i) === b.charCodeAt(i)) i++;
  return i;
}

function entryOf(digest: Digest): Entry {
  return { hex: digestEncoded(digest), digest };
}
