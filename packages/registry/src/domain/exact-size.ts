import { type ByteSource, SizeMismatchError } from "@berth/oci";

/** Passes content on. @throws {SizeMismatchError} before the first chunk that is too much, or at the end when bytes are missing. */
export async function* withExactSize(content: ByteSource, expected: number): ByteSource & AsyncGenerator<Uint8Array> {
  let actual = 0;
  for await (const chunk of content) {
    actual += chunk.byteLength;
    if (actual > expected) throw new SizeMismatchError({ expected, actual });
    yield chunk;
  }
  if (actual !== expected) throw new SizeMismatchError({ expected, actual });
}
