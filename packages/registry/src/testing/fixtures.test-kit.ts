import type { Digest, DigestAlgorithm } from "@berth/oci";
import { digestOf } from "@berth/oci/node";

export type { ImageFields, ManifestFixture } from "@berth/testkit/images";
export { EMPTY_JSON, imageManifest, indexManifest, manifestOf } from "@berth/testkit/images";

/** Bytes that differ for each seed and do not repeat. */
export function bytesOf(length: number, seed = 1): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  let state = (seed * 2_654_435_761) >>> 0 || 1;
  for (let index = 0; index < length; index++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[index] = state & 0xff;
  }
  return bytes;
}

/** What looks like a digest and is none that we know; by its colon no tag either. */
export const MALFORMED_DIGESTS: readonly string[] = [
  "sha256:abc",
  "sha256:",
  ":",
  "a:b:c",
  `md5:${"0".repeat(32)}`,
  `sha1:${"0".repeat(40)}`,
  `SHA256:${"0".repeat(64)}`,
  `sha256:${"A".repeat(64)}`,
  `sha256:${"z".repeat(64)}`,
];

/** A digest that no content of these tests has. */
export function absentDigest(seed = 0, algorithm: DigestAlgorithm = "sha256"): Digest {
  return digestOf(`absent ${seed}`, algorithm);
}
