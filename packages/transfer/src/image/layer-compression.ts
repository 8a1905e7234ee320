import { pipeline } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { type ByteSource, MEDIA_TYPES, UnsupportedError } from "@berth/oci";
import { InvalidLayerError } from "./errors.ts";

/** How a layer is compressed. */
export type LayerCompression = "gzip" | "zstd" | "none";

/** Layer types, and the compression that they promise. */
const LAYER_TYPES: ReadonlyMap<string, LayerCompression> = new Map([
  [MEDIA_TYPES.ociLayer, "none"],
  [MEDIA_TYPES.ociLayerGzip, "gzip"],
  [MEDIA_TYPES.ociLayerZstd, "zstd"],
  [MEDIA_TYPES.ociForeignLayer, "none"],
  [MEDIA_TYPES.ociForeignLayerGzip, "gzip"],
  [MEDIA_TYPES.ociForeignLayerZstd, "zstd"],
  [MEDIA_TYPES.dockerLayer, "none"],
  [MEDIA_TYPES.dockerLayerGzip, "gzip"],
  ["application/vnd.docker.image.rootfs.diff.tar.zstd", "zstd"], // nobody specified it, some tools write it
  [MEDIA_TYPES.dockerForeignLayerGzip, "gzip"],
  ["application/vnd.docker.image.rootfs.foreign.diff.tar", "none"],
  ["application/vnd.docker.container.image.rootfs.diff+x-gtar", "gzip"], // schema 1 names no other
]);

/** The compression that a layer's media type promises; undefined when it is not the type of a layer. */
export function layerCompression(mediaType: string): LayerCompression | undefined {
  return LAYER_TYPES.get(mediaType);
}

/** Bytes that {@link sniffCompression} looks at. */
export const MAGIC_LENGTH = 6;

const MAGICS: readonly (readonly [name: string, magic: readonly number[]])[] = [
  ["gzip", [0x1f, 0x8b]],
  ["zstd", [0x28, 0xb5, 0x2f, 0xfd]],
  ["bzip2", [0x42, 0x5a, 0x68]],
  ["xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
];

/** Tells the compression by the first bytes, as container engines do, whatever the media type says. @throws {UnsupportedError} */
export function sniffCompression(start: Uint8Array): LayerCompression {
  const name = isSkippableFrame(start) ? "zstd" : MAGICS.find(([, magic]) => magic.every((byte, at) => start[at] === byte))?.[0];
  if (name === undefined) return "none";
  if (name === "gzip" || name === "zstd") return name;
  throw new UnsupportedError(`read what is compressed with ${name}`);
}

/** A zstd file may start with one: some tools keep notes there. @see RFC 8878, section 3.1.2 */
function isSkippableFrame([first = 0, ...rest]: Uint8Array): boolean {
  return (first & 0xf0) === 0x50 && [0x2a, 0x4d, 0x18].every((byte, at) => rest[at] === byte);
}

/** Unpacks all members or frames, one after the other. @throws {InvalidLayerError} when they are damaged, or something else follows. */
export async function* decompress(content: ByteSource, compression: LayerCompression): AsyncGenerator<Uint8Array> {
  if (compression === "none") {
    yield* content;
    return;
  }
  const engine = compression === "gzip" ? createGunzip({ chunkSize: 262_144 }) : createZstdDecompress({ chunkSize: 262_144 });
  let given = 0;
  let failure: { readonly error: unknown } | undefined; // of the content, to be told apart from damage
  pipeline(counted, engine, () => undefined); // what reads the engine is told of its errors
  try {
    for await (const chunk of engine) yield chunk;
  } catch (error) {
    if (failure !== undefined) throw failure.error;
    throw new InvalidLayerError(`its ${compression} compression is damaged`, { cause: error });
  }
  // Node takes other bytes behind the last member or frame for padding, where Go readers refuse them.
  if (engine.bytesWritten !== given) throw new InvalidLayerError(`bytes follow its ${compression} compression`);

  async function* counted(): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of content) {
        given += chunk.byteLength;
        yield chunk;
      }
    } catch (error) {
      failure = { error };
      throw error;
    }
  }
}
