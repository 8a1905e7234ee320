import { type ByteSource, type Descriptor, type DigestAlgorithm, MEDIA_TYPES, type ReplayableSource, replayableSource } from "@berth/oci";
import { createDigester } from "@berth/oci/node";

const BLOCK = 1 << 20;

/** Bytes that nobody keeps in memory, the same in every run. */
export interface LargeContent {
  readonly descriptor: Descriptor;
  readonly source: ReplayableSource;
}

/** Content of a size in bytes, made as it is read; another `seed` makes other bytes. */
export async function largeContent(size: number, seed: number): Promise<LargeContent> {
  const source = replayableSource(size, (offset) => blocks(seed, size, offset));
  return { descriptor: { mediaType: MEDIA_TYPES.octetStream, ...(await digestOfStream(source)) }, source };
}

async function* blocks(seed: number, size: number, offset: number): AsyncGenerator<Uint8Array> {
  for (let at = offset - (offset % BLOCK); at < size; at += BLOCK) {
    yield Buffer.alloc(Math.min(BLOCK, size - at), `${seed} at ${at}; `).subarray(Math.max(0, offset - at));
  }
}

/** Reads a stream to its end; its digest and how many bytes that was. */
export async function digestOfStream(source: ByteSource, algorithm?: DigestAlgorithm): Promise<Pick<Descriptor, "digest" | "size">> {
  const digester = createDigester(algorithm);
  for await (const chunk of source) digester.update(chunk);
  return { digest: digester.digest(), size: digester.size };
}
