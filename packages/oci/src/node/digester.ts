import { createHash, hash as hashOnce } from "node:crypto";
import type { Descriptor } from "../descriptor.ts";
import { CANONICAL_ALGORITHM, type Digest, type DigestAlgorithm, formatDigest } from "../digest.ts";
import { MEDIA_TYPES } from "../media-types.ts";

/** Computes a digest while content goes by. */
export interface Digester {
  readonly algorithm: DigestAlgorithm;
  /** Bytes seen so far. */
  readonly size: number;
  /** Takes the next bytes. @throws {TypeError} after {@link Digester.digest}. */
  update(chunk: Uint8Array): void;
  /** The digest of everything seen; the digester is over then, and answers the same again. */
  digest(): Digest;
}

/** Starts a digest; `algorithm` defaults to sha256. */
export function createDigester(algorithm: DigestAlgorithm = CANONICAL_ALGORITHM): Digester {
  return new HashDigester(algorithm);
}

/** The digest of bytes at hand; `algorithm` defaults to sha256. */
export function digestOf(bytes: Uint8Array | string, algorithm: DigestAlgorithm = CANONICAL_ALGORITHM): Digest {
  return formatDigest(algorithm, hashOnce(algorithm, bytes, "hex"));
}

/** Describes bytes at hand; `mediaType` undefined or empty: `application/octet-stream`. */
export function descriptorOf(
  mediaType: string | undefined,
  bytes: Uint8Array,
  algorithm: DigestAlgorithm = CANONICAL_ALGORITHM,
): Descriptor {
  return { mediaType: mediaType || MEDIA_TYPES.octetStream, digest: digestOf(bytes, algorithm), size: bytes.byteLength };
}

/** Computes several digests in one pass over the content. */
export interface MultiDigester {
  /** Bytes seen so far. */
  readonly size: number;
  /** Takes the next bytes; they may be used again afterwards. */
  update(chunk: Uint8Array): void;
  /** One digest for each algorithm, in the order asked for. */
  digests(): ReadonlyMap<DigestAlgorithm, Digest>;
}

/** Starts several digests at once; an algorithm named twice is computed once. */
export function createMultiDigester(algorithms: Iterable<DigestAlgorithm>): MultiDigester {
  const digesters = [...new Set(algorithms)].map((algorithm) => createDigester(algorithm));
  let size = 0;
  return {
    get size() {
      return size;
    },
    update(chunk) {
      size += chunk.byteLength;
      for (const digester of digesters) digester.update(chunk);
    },
    digests: () => new Map(digesters.map((digester) => [digester.algorithm, digester.digest()])),
  };
}

class HashDigester implements Digester {
  readonly algorithm: DigestAlgorithm;
  readonly #hash: ReturnType<typeof createHash>;
  #size = 0;
  #result: Digest | undefined;

  constructor(algorithm: DigestAlgorithm) {
    this.algorithm = algorithm;
    this.#hash = createHash(algorithm);
  }

  get size(): number {
    return this.#size;
  }

  update(chunk: Uint8Array): void {
    if (this.#result !== undefined) throw new TypeError("Cannot update a digester: its digest was taken");
    this.#size += chunk.byteLength;
    this.#hash.update(chunk);
  }

  digest(): Digest {
    this.#result ??= formatDigest(this.algorithm, this.#hash.digest("hex"));
    return this.#result;
  }
}
