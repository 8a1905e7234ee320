import { type ByteSource, type Digest, digestAlgorithm, MEDIA_TYPES, type ReplayableSource } from "@berth/oci";
import { createDigester } from "@berth/oci/node";
import { LayerBudget } from "../image/layer-limits.ts";
import { eventId, type TransferEvent } from "../events.ts";
import { type OpenedLayer, openLayer } from "../image/layer.ts";
import { type LayerCompression, MAGIC_LENGTH, sniffCompression } from "../image/layer-compression.ts";
import { type CompressedFile, type Compression, compressToFile, type CompressToFileOptions } from "../pack/compress-to-file.ts";
import { ArchiveClosedError } from "./errors.ts";
import { SharedWork } from "./shared-work.ts";
import type { TarFile } from "./tar-file.ts";
import type { TarEntry } from "./tar-index.ts";

/** How layers are compressed that stand in the archive as plain tars. */
export interface LayerPacking extends Pick<CompressToFileOptions, "level" | "temporaryFolder"> {
  readonly compression: Exclude<Compression, "none">;
  /** Told how it goes. */
  readonly onEvent?: (event: TransferEvent) => void;
}

/** What a layer of an archive turned out to be, or became. */
export interface LayerContent {
  readonly compression: LayerCompression;
  /** Of the bytes as they stand in the archive, or in the file that they were compressed into. */
  readonly digest: Digest;
  /** Bytes of the same. */
  readonly size: number;
  /** Of the uncompressed bytes. */
  readonly diffId: Digest;
  /** What it was compressed into, until the reader is closed; undefined: it stands in the archive so. */
  readonly packed?: ReplayableSource;
}

/** Reads the layers of a docker archive to learn their digests, and compresses those that are to be; each once, when it is asked for. */
export class LayerReader {
  readonly #tar: TarFile;
  readonly #packing: LayerPacking | undefined;
  readonly #budget: LayerBudget;
  readonly #known = new SharedWork<string, LayerContent>();
  readonly #files = new Set<CompressedFile>();
  #closed = false;

  /** @param packing undefined: all layers stay as they are. */
  constructor(tar: TarFile, packing?: LayerPacking) {
    this.#tar = tar;
    const { maxSpoolBytes: maxBytes, maxRatio, ratioFloor } = tar.limits;
    this.#budget = new LayerBudget({ maxBytes, maxRatio, ratioFloor });
    this.#packing = packing;
  }

  /** @throws {InvalidLayerError} @throws {LimitExceededError} @throws {NoSpaceError} */
  async read(layer: TarEntry, algorithm: Digest, signal?: AbortSignal): Promise<LayerContent> {
    const key = `${layer.name}\0${digestAlgorithm(algorithm)}`;
    return await this.#known.get(key, signal, async () => await this.#read(layer, algorithm, signal));
  }

  /** Removes what was compressed. What is being compressed is removed when that is over. */
  async close(): Promise<void> {
    this.#closed = true;
    const files = [...this.#files];
    this.#files.clear();
    for (const file of files) await file[Symbol.asyncDispose]();
  }

  async #read(layer: TarEntry, diffId: Digest, signal?: AbortSignal): Promise<LayerContent> {
    const start = Buffer.concat(await Array.fromAsync(this.#tar.read(layer, { start: 0, end: MAGIC_LENGTH }, signal)));
    const compression = sniffCompression(start);
    if (compression === "none" && this.#packing !== undefined) return await this.#pack(layer, diffId, this.#packing, signal);
    const digester = createDigester();
    const content = this.#tar.read(layer, undefined, signal);
    async function* hashed(): AsyncGenerator<Uint8Array> {
      for await (const chunk of content) {
        digester.update(chunk);
        yield chunk;
      }
    }
    // uncompressed, both digests are the same unless they are of different algorithms: one pass of hashing will do
    const same = compression === "none" && digestAlgorithm(diffId) === digester.algorithm;
    const opened = this.#open(same ? content : hashed(), diffId, signal);
    for await (const _ of opened);
    return { compression, digest: same ? opened.diffId : digester.digest(), size: layer.size, diffId: opened.diffId };
  }

  async #pack(layer: TarEntry, diffId: Digest, { onEvent, ...packing }: LayerPacking, signal?: AbortSignal): Promise<LayerContent> {
    const content = this.#tar.read(layer, undefined, signal);
    const opened = this.#open(onEvent === undefined ? content : told(content, layer.size, diffId, onEvent), diffId, signal);
    const file = await compressToFile(opened, { ...packing, ...(signal && { signal }) });
    if (this.#closed) {
      await file[Symbol.asyncDispose]();
      throw new ArchiveClosedError();
    }
    this.#files.add(file);
    return { compression: packing.compression, digest: file.digest, size: file.size, diffId: opened.diffId, packed: file.source };
  }

  #open(content: ByteSource, diffId: Digest, signal: AbortSignal | undefined): OpenedLayer {
    return openLayer(content, MEDIA_TYPES.ociLayer, {
      limits: this.#budget,
      algorithm: digestAlgorithm(diffId),
      ...(signal && { signal }),
    });
  }
}

/** The same bytes; who watches is told how many went by. */
async function* told(
  content: ByteSource,
  total: number,
  diffId: Digest,
  onEvent: (event: TransferEvent) => void,
): AsyncGenerator<Uint8Array> {
  const id = eventId(diffId);
  let current = 0;
  onEvent({ id, action: "compressing", current, total, last: false });
  for await (const chunk of content) {
    current += chunk.byteLength;
    onEvent({ id, action: "compressing", current, total, last: false });
    yield chunk;
  }
  onEvent({ id, action: "done", current, total, last: true });
}
