import { type CallOptions, type Descriptor, type Digest, isIndexMediaType } from "@berth/oci";
import type { Place } from "../connect/place.ts";
import { readDescribed } from "./read-manifest.ts";
import { ifThere } from "./tag-details.ts";

/** Indexes within indexes that are looked into. */
const MAX_DEPTH = 4;

/** Finds manifests in the indexes of a place. Each index is read once, and nothing is kept of it but what was found in it. */
export class ListedBy {
  readonly #place: Place;
  readonly #wanted: ReadonlySet<Digest>;
  readonly #limit: number;
  readonly #call: CallOptions;
  readonly #known = new Map<Digest, Promise<ReadonlySet<Digest>>>();
  #read = 0;
  #isOver = false;
  #isTooDeep = false;
  #missing = 0;

  /** @param limit indexes that are read, at any depth. */
  constructor(place: Place, wanted: ReadonlySet<Digest>, limit: number, call: CallOptions) {
    this.#place = place;
    this.#wanted = wanted;
    this.#limit = limit;
    this.#call = call;
  }

  /** What was not looked into, in words. Undefined: everything was. */
  get unseen(): string | undefined {
    if (this.#isOver) return `there are more than ${this.#limit} indexes`;
    if (this.#isTooDeep) return `there are indexes within more than ${MAX_DEPTH} indexes`;
    if (this.#missing === 0) return undefined;
    return this.#missing === 1 ? "an index is not there" : `${this.#missing} indexes are not there`;
  }

  /** What is wanted of that which an index leads to. */
  async of(index: Descriptor): Promise<ReadonlySet<Digest>> {
    const known = this.#known.get(index.digest) ?? this.#find(index, 0);
    this.#known.set(index.digest, known);
    return await known;
  }

  /** Below the top an index is known by what is above it, for how deep it stands counts: it is read again when it stands elsewhere, too. */
  async #find(index: Descriptor, depth: number): Promise<ReadonlySet<Digest>> {
    const found = new Set<Digest>();
    if (depth >= MAX_DEPTH) this.#isTooDeep = true;
    else if (this.#read >= this.#limit) this.#isOver = true;
    else {
      this.#read++;
      const read = await ifThere(async () => await readDescribed(this.#place.target, index, this.#call));
      if (read === undefined) this.#missing++;
      if (read?.manifest.kind !== "index") return found;
      for (const { digest } of read.manifest.manifests) if (this.#wanted.has(digest)) found.add(digest);
      for (const child of read.manifest.manifests) {
        if (found.size === this.#wanted.size) break;
        if (isIndexMediaType(child.mediaType)) for (const digest of await this.#find(child, depth + 1)) found.add(digest);
      }
    }
    return found;
  }
}
