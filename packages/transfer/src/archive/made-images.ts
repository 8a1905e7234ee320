import { Readable } from "node:stream";
import {
  type ByteSpan,
  type CallOptions,
  createImageBuilder,
  type Descriptor,
  type ManifestFamily,
  type ReplayableSource,
  SizeMismatchError,
  spanOf,
} from "@berth/oci";
import { digestOf, verifyingStream } from "@berth/oci/node";
import { RootfsMismatchError } from "../image/errors.ts";
import { type FetchEntryOptions, openEntry } from "./blob-reader.ts";
import { layerMediaType } from "../pack/layer-types.ts";
import type { LayerReader } from "./docker-layers.ts";
import { ArchiveClosedError } from "./errors.ts";
import type { ListedImage } from "./docker-manifest.ts";
import { SharedWork } from "./shared-work.ts";
import type { TarFile } from "./tar-file.ts";
import type { TarEntry } from "./tar-index.ts";

/** Where the bytes of something are. */
type Place = { readonly entry: TarEntry } | { readonly bytes: Uint8Array } | { readonly packed: ReplayableSource };

/** Options of {@link MadeImages}. */
export interface MadeImagesOptions {
  readonly family: ManifestFamily;
  readonly layers: LayerReader;
  /** Finds the manifest that the archive itself has for an image, where that one is to be taken. */
  readonly findOwn: (image: ListedImage, call: CallOptions) => Promise<Descriptor | undefined>;
}

/** The images of a docker archive in one form: manifests are made for those that have none, always the same. */
export class MadeImages {
  readonly #tar: TarFile;
  readonly #options: MadeImagesOptions;
  readonly #described = new SharedWork<ListedImage, Descriptor>();
  readonly #manifests = new Map<string, Descriptor>();
  /** By digest: what manifests that were made need. */
  readonly #places = new Map<string, Place>();
  #isClosed = false;

  constructor(tar: TarFile, options: MadeImagesOptions) {
    this.#tar = tar;
    this.#options = options;
  }

  /** The manifest of an image; the first time its layers are read. @throws {RootfsMismatchError} */
  async describe(image: ListedImage, call: CallOptions): Promise<Descriptor> {
    return await this.#described.get(image, call.signal, async () => {
      const descriptor = (await this.#options.findOwn(image, call)) ?? (await this.#make(image, call));
      this.#manifests.set(descriptor.digest, descriptor);
      return descriptor;
    });
  }

  /** A manifest that was described already. */
  find(digest: string): Descriptor | undefined {
    return this.#manifests.get(digest);
  }

  /** Reads what a manifest that was made needs, and the manifest; undefined: it is none of that. @throws {ArchiveClosedError} */
  open(target: Descriptor, options: FetchEntryOptions): Readable | undefined {
    const place = this.#places.get(target.digest);
    if (place === undefined) return undefined;
    if ("entry" in place) return openEntry(this.#tar, place.entry, target, options);
    if (this.#isClosed && "packed" in place) throw new ArchiveClosedError();
    if ("packed" in place) return openPacked(place.packed, target, options);
    const { start, end } = spanOf(options, place.bytes.byteLength);
    return Readable.from(start === end ? [] : [place.bytes.subarray(start, end)], { objectMode: false });
  }

  /** Removes what layers were compressed into. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#options.layers.close();
  }

  async #make(image: ListedImage, { signal }: CallOptions): Promise<Descriptor> {
    const { diffIds, layers } = image;
    if (layers.length !== diffIds.length) throw new RootfsMismatchError(`the archive has ${layers.length}, the config ${diffIds.length}`);
    const { family, layers: reader } = this.#options;
    const config = await this.#tar.readWhole(image.config, signal);
    const nowhere = { exists: async () => true, push: async () => undefined }; // all of it is here already
    const builder = createImageBuilder({ family, blobs: nowhere, config });
    const places: [string, Place][] = [[image.configDigest, { entry: image.config }]];
    for (const [index, entry] of layers.entries()) {
      const expected = diffIds[index] ?? image.configDigest;
      const { compression, digest, size, diffId, packed } = await reader.read(entry, expected, signal);
      if (diffId !== expected) throw new RootfsMismatchError(`layer ${index} is "${diffId}", expected "${expected}"`, { layer: index });
      builder.appendReference({ mediaType: layerMediaType(family, compression), digest, size });
      places.push([digest, packed === undefined ? { entry } : { packed }]);
    }
    const { raw, mediaType } = await builder.build();
    const descriptor = { mediaType, digest: digestOf(raw), size: raw.byteLength };
    for (const [digest, place] of [...places, [descriptor.digest, { bytes: raw }] as const]) this.#places.set(digest, place);
    return descriptor;
  }
}

function openPacked(packed: ReplayableSource, target: Descriptor, options: FetchEntryOptions): Readable {
  const { signal, verify = true } = options;
  if (packed.size !== target.size) throw new SizeMismatchError({ expected: target.size, actual: packed.size });
  const span = spanOf(options, target.size);
  const content = within(packed, span, signal);
  const isWhole = span.start === 0 && span.end === target.size;
  return verify && isWhole ? verifyingStream(content, target) : Readable.from(content, { objectMode: false, highWaterMark: 262_144 });
}

async function* within(packed: ReplayableSource, { start, end }: ByteSpan, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  let left = end - start;
  if (left === 0) return;
  for await (const chunk of packed.open(start)) {
    signal?.throwIfAborted();
    yield chunk.subarray(0, left);
    left -= Math.min(left, chunk.byteLength);
    if (left === 0) return;
  }
}
