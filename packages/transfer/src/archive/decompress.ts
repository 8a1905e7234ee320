import { Readable } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";
import type { ByteSource } from "@berth/oci";
import { InvalidArchiveError } from "./errors.ts";

/** How bytes are compressed. */
export type Compression = "gzip" | "zstd" | "none";

const MAGICS: readonly (readonly [name: string, bytes: readonly number[]])[] = [
  ["gzip", [0x1f, 0x8b]],
  ["zstd", [0x28, 0xb5, 0x2f, 0xfd]],
  ["bzip2", [0x42, 0x5a, 0x68]],
  ["xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a]],
];

/** Tells compression by the first bytes. @throws {InvalidArchiveError} for one that is known but not read. */
export function compressionOf(start: Uint8Array): Compression {
  const name = MAGICS.find(([, magic]) => magic.every((byte, index) => start[index] === byte))?.[0];
  if (name === undefined || name === "gzip" || name === "zstd") return name ?? "none";
  throw new InvalidArchiveError(`it is compressed with ${name}: only gzip and zstd are read`);
}

/** Unpacks bytes as they come. The reader bounds them. @throws {InvalidArchiveError} when they are damaged. */
export async function* decompress(content: ByteSource, compression: Compression): AsyncGenerator<Uint8Array> {
  if (compression === "none") return yield* content;
  const source = Readable.from(content, { objectMode: false, highWaterMark: 262_144 });
  const unpacked = compression === "gzip" ? createGunzip({ chunkSize: 262_144 }) : createZstdDecompress({ chunkSize: 262_144 });
  let failure: Error | undefined; // of the source, to be told apart from damage
  source.once("error", (error) => {
    failure = error;
    unpacked.destroy(error);
  });
  source.pipe(unpacked);
  try {
    for await (const chunk of unpacked) yield chunk;
  } catch (error) {
    if (failure !== undefined) throw failure;
    throw new InvalidArchiveError(`its ${compression} compression is damaged`, { cause: error });
  } finally {
    source.destroy();
    unpacked.destroy();
  }
}
