import { type ByteSource, SizeMismatchError } from "@berth/oci";
import { createVerifier } from "@berth/oci/node";
import type { NewEntry } from "./tar-writer.ts";

/** Checks what goes by against what was announced. */
export interface Check {
  /** Takes the next bytes; they may be used again afterwards. */
  update(chunk: Uint8Array): void;
  /** After the last bytes. @throws {SizeMismatchError} @throws {DigestMismatchError} */
  verify(): unknown;
}

/** Checks the digest where one is known, the size in any case. */
export function startCheck({ size, digest }: Pick<NewEntry, "size" | "digest">): Check {
  return digest === undefined ? countOnly(size) : createVerifier({ size, digest });
}

/** Passes content through, and fails instead of ending when it is not what was announced. */
export async function* checked(content: ByteSource, check: Check): AsyncGenerator<Uint8Array> {
  for await (const chunk of content) {
    check.update(chunk);
    yield chunk;
  }
  check.verify();
}

function countOnly(expected: number): Check {
  let actual = 0;
  return {
    update(chunk) {
      actual += chunk.byteLength;
      if (actual > expected) throw new SizeMismatchError({ expected, actual });
    },
    verify() {
      if (actual !== expected) throw new SizeMismatchError({ expected, actual });
    },
  };
}
