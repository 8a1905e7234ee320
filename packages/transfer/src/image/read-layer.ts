import { type ByteStream, type CallOptions, digestAlgorithm, type Fetcher } from "@berth/oci";
import { createVerifier, type Verifier } from "@berth/oci/node";
import { InvalidLayerError, RootfsMismatchError } from "./errors.ts";
import { openLayer, type OpenedLayer } from "./layer.ts";
import type { LayerBudget } from "./layer-limits.ts";
import type { ImageLayer } from "./read-image.ts";
import type { TarEntryWithContent } from "./tar-entry.ts";
import { readTar } from "./tar-reader.ts";

/** Options of {@link readLayerArchive} and {@link readLayerEntries}. */
export interface ReadLayerOptions extends CallOptions {
  /** Shared by all layers of an image. */
  readonly budget: LayerBudget;
}

/**
 * Reads a layer as an uncompressed archive. Its digest and its diffID are checked at the end: a reader that gets there got the right bytes.
 *
 * @throws {DigestMismatchError} @throws {SizeMismatchError} @throws {RootfsMismatchError} @throws {InvalidLayerError} @throws {LimitExceededError}
 */
export async function* readLayerArchive(source: Fetcher, layer: ImageLayer, options: ReadLayerOptions): AsyncGenerator<Uint8Array> {
  await using reading = await LayerReading.start(source, layer, options);
  yield* reading.explaining(reading.archive());
}

/** Reads the entries of a layer; its digest and diffID are checked at the end, as {@link readLayerArchive} does. */
export async function* readLayerEntries(
  source: Fetcher,
  layer: ImageLayer,
  options: ReadLayerOptions,
): AsyncGenerator<TarEntryWithContent> {
  await using reading = await LayerReading.start(source, layer, options);
  yield* reading.explaining(readTar(reading.archive(), options.budget));
}

class LayerReading implements AsyncDisposable {
  readonly #layer: ImageLayer;
  readonly #stream: ByteStream;
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #verifier: Verifier;
  readonly #opened: OpenedLayer;

  private constructor(layer: ImageLayer, stream: ByteStream, { budget, signal }: ReadLayerOptions) {
    this.#layer = layer;
    this.#stream = stream;
    this.#chunks = stream[Symbol.asyncIterator]();
    this.#verifier = createVerifier(layer.descriptor);
    const algorithm = digestAlgorithm(layer.diffId);
    this.#opened = openLayer(this.#verified(), layer.descriptor.mediaType, { limits: budget, algorithm, ...(signal && { signal }) });
  }

  static async start(source: Fetcher, layer: ImageLayer, options: ReadLayerOptions): Promise<LayerReading> {
    const { signal } = options;
    return new LayerReading(layer, await source.fetch(layer.descriptor, signal && { signal }), options);
  }

  async *archive(): AsyncGenerator<Uint8Array> {
    yield* this.#opened;
    const { diffId, index } = this.#layer;
    const actual = this.#opened.diffId;
    if (actual !== diffId) throw new RootfsMismatchError(`layer ${index} is "${actual}", expected "${diffId}"`, { layer: index });
  }

  /** Damage has a reason: when the content is not what was asked for, that is the error to be told. */
  async *explaining<T>(items: AsyncGenerator<T>): AsyncGenerator<T> {
    try {
      yield* items;
    } catch (error) {
      if (error instanceof InvalidLayerError) for await (const _ of this.#verified());
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stream.destroy();
    await this.#chunks.return?.();
  }

  /** Leaving it early does not end the content. */
  async *#verified(): AsyncGenerator<Uint8Array> {
    for (let next = await this.#chunks.next(); next.done !== true; next = await this.#chunks.next()) {
      this.#verifier.update(next.value);
      yield next.value;
    }
    this.#verifier.verify();
  }
}
