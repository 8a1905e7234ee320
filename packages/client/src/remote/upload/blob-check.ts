import { type Descriptor, digestAlgorithm, DigestMismatchError, SizeMismatchError } from "@berth/oci";
import { createDigester, type Digester } from "@berth/oci/node";
import type { ContentReader } from "./content-reader.ts";

/** Holds the bytes of a blob against what was promised of it. They may pass more than once; each is hashed once. */
export class BlobCheck {
  readonly #expected: Descriptor;
  readonly #digester: Digester;

  constructor(expected: Descriptor) {
    this.#expected = expected;
    this.#digester = createDigester(digestAlgorithm(expected.digest));
  }

  /** Bytes from the start on that were hashed. The next piece must not begin behind them. */
  get hashed(): number {
    return this.#digester.size;
  }

  /** Takes note of the bytes that stand at `at` in the blob. */
  pass(at: number, piece: Uint8Array): void {
    const known = this.#digester.size - at;
    if (known < piece.byteLength) this.#digester.update(known > 0 ? piece.subarray(known) : piece);
  }

  /**
   * Call with the last byte at hand, which must not go out before: nothing may be left to read, and the digest must be right.
   *
   * @throws {SizeMismatchError} @throws {DigestMismatchError}
   */
  async finish(reader: Pick<ContentReader, "next">): Promise<void> {
    const { digest: expected, size } = this.#expected;
    const more = await reader.next();
    if (more !== undefined) throw new SizeMismatchError({ expected: size, actual: size + more.byteLength });
    const actual = this.#digester.digest();
    if (actual !== expected) throw new DigestMismatchError({ expected, actual });
  }
}
