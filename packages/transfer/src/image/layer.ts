import { type ByteSource, type CallOptions, type Digest, type DigestAlgorithm, UnsupportedError } from "@berth/oci";
import { createDigester } from "@berth/oci/node";
import { decompress, layerCompression, MAGIC_LENGTH, sniffCompression } from "./layer-compression.ts";
import { LayerBudget, type LayerLimits } from "./layer-limits.ts";

/** Options of {@link openLayer}. */
export interface OpenLayerOptions extends CallOptions {
  /** Limits, or a budget that several layers share; default the limits' defaults. */
  readonly limits?: LayerLimits | LayerBudget;
  /** Algorithm of the diffID; default sha256. */
  readonly algorithm?: DigestAlgorithm;
}

/** A layer as an uncompressed tar archive. It can be read once. */
export interface OpenedLayer extends AsyncIterable<Uint8Array> {
  /** Digest of the uncompressed archive. @throws {TypeError} unless it was read to its end. */
  readonly diffId: Digest;
  /** Uncompressed bytes read so far. */
  readonly size: number;
}

/**
 * Opens a layer as an uncompressed tar archive. Its first bytes tell how it is compressed: what its media type says about that is not to be
 * relied on, but must be that of a layer. Memory stays the same whatever the size, and the diffID is computed in the same pass.
 *
 * @param content verified by the caller where that matters.
 * @throws {UnsupportedError} when the media type is not that of a layer; while reading, for compressions other than gzip and zstd.
 * @throws {InvalidLayerError} while reading, when the compression is damaged. @throws {LimitExceededError} while reading.
 * @see OCI image-spec, layer.md
 */
export function openLayer(content: ByteSource, mediaType: string, options: OpenLayerOptions = {}): OpenedLayer {
  if (layerCompression(mediaType) === undefined) throw new UnsupportedError(`read content of type "${mediaType.slice(0, 255)}" as a layer`);
  const { limits, algorithm, signal } = options;
  const budget = limits instanceof LayerBudget ? limits : new LayerBudget(limits);
  const digester = createDigester(algorithm);
  let compressed = 0;
  let done = false;
  return {
    get diffId() {
      if (!done) throw new TypeError("Cannot tell the diffID of a layer: it was not read to its end");
      return digester.digest();
    },
    get size() {
      return digester.size;
    },
    async *[Symbol.asyncIterator]() {
      for await (const chunk of decompressed(counted(content))) {
        signal?.throwIfAborted();
        digester.update(chunk);
        budget.takeBytes(chunk.byteLength, { compressed, uncompressed: digester.size });
        yield chunk;
      }
      done = true;
    },
  };

  async function* counted(source: ByteSource): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      compressed += chunk.byteLength;
      if (chunk.byteLength > 0) yield chunk;
    }
  }
}

async function* decompressed(content: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  const head: Uint8Array[] = [];
  try {
    let start = Buffer.alloc(0);
    while (start.byteLength < MAGIC_LENGTH) {
      const next = await content.next();
      if (next.done === true) break;
      head.push(next.value);
      start = Buffer.concat([start, next.value.subarray(0, MAGIC_LENGTH)]);
    }
    yield* decompress(joined(), sniffCompression(start));
  } finally {
    await content.return(undefined);
  }

  async function* joined(): AsyncGenerator<Uint8Array> {
    yield* head.splice(0);
    yield* content;
  }
}
