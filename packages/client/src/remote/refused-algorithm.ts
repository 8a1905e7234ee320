import { CANONICAL_ALGORITHM, type Digest, digestAlgorithm, UnsupportedError } from "@berth/oci";
import { hasErrorCode, ResponseError } from "../errors.ts";
import { answered } from "./answers.ts";

/**
 * Runs a request that stores content which was checked before it was sent. A registry that finds its digest wrong computed one of another
 * algorithm: the reference registry knows sha256 alone when it does so.
 *
 * @throws {UnsupportedError} then.
 */
export async function orRefusedAlgorithm<T>(digest: Digest, store: () => Promise<T>): Promise<T> {
  try {
    return await store();
  } catch (error) {
    const algorithm = digestAlgorithm(digest);
    if (algorithm === CANONICAL_ALGORITHM || !(error instanceof ResponseError) || !hasErrorCode(error, "DIGEST_INVALID")) throw error;
    const { answer = error.message } = answered(error);
    throw new UnsupportedError(`store content under a digest of "${algorithm}"`, {
      cause: error,
      answer: `${answer}; it may not know that algorithm`,
    });
  }
}
