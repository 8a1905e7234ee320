import { Readable } from "node:stream";
import type { ByteSource } from "../content.ts";
import type { Descriptor } from "../descriptor.ts";
import { type Digest, digestAlgorithm } from "../digest.ts";
import { type ContentErrorOptions, DigestMismatchError, LimitExceededError, SizeMismatchError } from "../errors.ts";
import { createDigester } from "./digester.ts";

/** What content is checked against. */
export type VerifyTarget = Pick<Descriptor, "digest" | "size">;

/** Checks content while it goes by. */
export interface Verifier {
  /** Takes the next bytes. @throws {SizeMismatchError} as soon as there are more than expected. */
  update(chunk: Uint8Array): void;
  /** Call after the last bytes. @throws {SizeMismatchError} when bytes are missing. @throws {DigestMismatchError} */
  verify(): Digest;
}

/** Starts a check; errors name who gave the content when `from` does. @throws {RangeError} when the expected size is no size. */
export function createVerifier(expected: VerifyTarget, { from }: Pick<ContentErrorOptions, "from"> = {}): Verifier {
  const giver = from === undefined ? {} : { from };
  const { digest, size } = expected;
  if (!Number.isSafeInteger(size) || size < 0)
    throw new RangeError(`Cannot verify content: size is ${size}, expected a whole number from 0`);
  const digester = createDigester(digestAlgorithm(digest));
  return {
    update(chunk) {
      const actual = digester.size + chunk.byteLength;
      if (actual > size) throw new SizeMismatchError({ expected: size, actual }, giver);
      digester.update(chunk);
    },
    verify() {
      if (digester.size !== size) throw new SizeMismatchError({ expected: size, actual: digester.size }, giver);
      const actual = digester.digest();
      if (actual !== digest) throw new DigestMismatchError({ expected: digest, actual }, giver);
      return actual;
    },
  };
}

/**
 * Passes content through and fails instead of ending when it is not what was expected: a reader that got to the end got the right
 * bytes. Destroying the stream ends the source.
 */
export function verifyingStream(source: ByteSource, expected: VerifyTarget): Readable {
  return Readable.from(verified(source, expected), { objectMode: false, highWaterMark: 262_144 });
}

async function* verified(source: ByteSource, expected: VerifyTarget): AsyncGenerator<Uint8Array> {
  const verifier = createVerifier(expected);
  for await (const chunk of source) {
    verifier.update(chunk);
    if (chunk.byteLength > 0) yield chunk;
  }
  verifier.verify();
}

/** Options of {@link readAllVerified}. */
export interface ReadAllOptions {
  readonly signal?: AbortSignal;
  /** Bytes that are taken at most, whatever the expected size; default 4 MiB, the usual limit of manifests. */
  readonly maxBytes?: number;
}

/**
 * Reads content whole and checks it. Memory follows what arrives, never what was promised.
 *
 * @throws {LimitExceededError} when the expected size is over `maxBytes`; nothing is read then.
 * @throws {SizeMismatchError} @throws {DigestMismatchError}
 */
export async function readAllVerified(source: ByteSource, expected: VerifyTarget, options: ReadAllOptions = {}): Promise<Buffer> {
  return Buffer.concat(await readChunksVerified(source, expected, options), expected.size);
}

/**
 * As {@link readAllVerified}, in the chunks that came: for those who only pass them on, one behind the other.
 *
 * @throws {LimitExceededError} @throws {SizeMismatchError} @throws {DigestMismatchError}
 */
export async function readChunksVerified(
  source: ByteSource,
  expected: VerifyTarget,
  options: ReadAllOptions = {},
): Promise<readonly Uint8Array[]> {
  const limit = options.maxBytes ?? 4_194_304;
  if (expected.size > limit) throw new LimitExceededError({ what: `content of ${expected.size} bytes`, limit });
  const chunks: Uint8Array[] = [];
  for await (const chunk of verified(source, expected)) {
    options.signal?.throwIfAborted();
    chunks.push(chunk);
  }
  return chunks;
}
