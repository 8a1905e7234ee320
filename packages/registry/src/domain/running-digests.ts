import { createHash, type Hash } from "node:crypto";
import { CANONICAL_ALGORITHM, type Digest, type DigestAlgorithm, formatDigest } from "@berth/oci";

/** Digests of bytes as they pass: always the canonical one, and those that a client asked for. */
export class RunningDigests {
  readonly #hashes = new Map<DigestAlgorithm, Hash>();
  #size = 0;

  constructor(algorithms: Iterable<DigestAlgorithm> = []) {
    for (const algorithm of [CANONICAL_ALGORITHM, ...algorithms]) {
      if (!this.#hashes.has(algorithm)) this.#hashes.set(algorithm, createHash(algorithm));
    }
  }

  /** Bytes seen. */
  get size(): number {
    return this.#size;
  }

  /** Starts one more algorithm; false when bytes have passed already, so that it cannot be known any more. */
  add(algorithm: DigestAlgorithm): boolean {
    if (this.#hashes.has(algorithm)) return true;
    if (this.#size > 0) return false;
    this.#hashes.set(algorithm, createHash(algorithm));
    return true;
  }

  /** Whether this digest can be told. */
  has(algorithm: DigestAlgorithm): boolean {
    return this.#hashes.has(algorithm);
  }

  /** Takes the next bytes; they may be used again afterwards. */
  update(chunk: Uint8Array): void {
    this.#size += chunk.byteLength;
    for (const hash of this.#hashes.values()) hash.update(chunk);
  }

  /** The digest of the bytes seen so far; more may follow. */
  digest(algorithm: DigestAlgorithm): Digest {
    const hash = this.#hashes.get(algorithm);
    if (hash === undefined) throw new TypeError(`digest of ${algorithm} was not kept`);
    return formatDigest(algorithm, hash.copy().digest("hex"));
  }
}
