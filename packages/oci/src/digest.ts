import { InvalidDigestError } from "./errors.ts";

declare const digestBrand: unique symbol;

/** `algorithm:encoded`, checked: a known algorithm and the right count of lower-case hex digits. */
export type Digest = string & { readonly [digestBrand]: true };

/** The algorithms that Berth stores and verifies, best known first. */
export const DIGEST_ALGORITHMS = ["sha256", "sha384", "sha512"] as const;

/** One of {@link DIGEST_ALGORITHMS}. */
export type DigestAlgorithm = (typeof DIGEST_ALGORITHMS)[number];

/** Hex digits of each algorithm's output. */
export const DIGEST_HEX_LENGTH: Readonly<Record<DigestAlgorithm, number>> = { sha256: 64, sha384: 96, sha512: 128 };

/** The algorithm that names content when nobody asks for another. */
export const CANONICAL_ALGORITHM: DigestAlgorithm = "sha256";

const GRAMMAR = /^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$/;
const ALGORITHM_BEFORE_COLON = /^[a-z][a-z0-9]*(?:[-_+.][a-z0-9]+)*:/i;
const LOWER_HEX = /^[0-9a-f]+$/;
const MAX_LENGTH = 256;

/** True when `value` names an algorithm of {@link DIGEST_ALGORITHMS}. */
export function isDigestAlgorithm(value: string): value is DigestAlgorithm {
  return value === "sha256" || value === "sha512" || value === "sha384";
}

/** True when {@link parseDigest} would accept `input`. */
export function isDigest(input: string): input is Digest {
  return digestProblem(input) === undefined;
}

/**
 * Checks a digest string.
 *
 * @throws {InvalidDigestError} on bad syntax, an unknown algorithm, a wrong length or upper-case hex.
 * @see OCI image-spec, descriptor.md, "Digests"
 */
export function parseDigest(input: string): Digest {
  const problem = digestProblem(input);
  if (problem !== undefined) throw new InvalidDigestError(input, problem);
  return input as Digest;
}

/** The part before the colon. */
export function digestAlgorithm(digest: Digest): DigestAlgorithm {
  return digest.slice(0, digest.indexOf(":")) as DigestAlgorithm;
}

/** The part after the colon. */
export function digestEncoded(digest: Digest): string {
  return digest.slice(digest.indexOf(":") + 1);
}

/** The digest of bytes at hand, by WebCrypto; `algorithm` defaults to sha256. In Node `@berth/oci/node` does it without waiting. */
export async function computeDigest(bytes: Uint8Array, algorithm: DigestAlgorithm = CANONICAL_ALGORITHM): Promise<Digest> {
  const output = new Uint8Array(await crypto.subtle.digest(`SHA-${algorithm.slice(3)}`, Uint8Array.from(bytes)));
  return formatDigest(algorithm, Array.from(output, (byte) => byte.toString(16).padStart(2, "0")).join(""));
}

/** Builds a digest from an algorithm and its hex output. @throws {InvalidDigestError} when the length or the digits are wrong. */
export function formatDigest(algorithm: DigestAlgorithm, hex: string): Digest {
  return parseDigest(`${algorithm}:${hex}`);
}

/** True for the general grammar `algorithm:encoded` with any algorithm; far wider than {@link isDigest}. */
export function isDigestShape(input: string): boolean {
  return input.length <= MAX_LENGTH && GRAMMAR.test(input);
}

function digestProblem(input: string): string | undefined {
  const colon = input.indexOf(":");
  const algorithm = input.slice(0, Math.max(colon, 0));
  if (isDigestAlgorithm(algorithm)) {
    const wanted = DIGEST_HEX_LENGTH[algorithm];
    const hex = input.slice(colon + 1);
    if (hex.length !== wanted) return `expected ${wanted} hex digits, got ${hex.length}`;
    return LOWER_HEX.test(hex) ? undefined : "expected lower-case hex digits";
  }
  if (input.length > MAX_LENGTH || !ALGORITHM_BEFORE_COLON.test(input)) return "expected algorithm:encoded, such as sha256:<64 hex digits>";
  return `unsupported algorithm "${algorithm}", expected one of ${DIGEST_ALGORITHMS.join(", ")}`;
}
