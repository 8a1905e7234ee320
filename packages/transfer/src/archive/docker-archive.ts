import { Readable } from "node:stream";
import {
  type ByteSource,
  type CallOptions,
  createImageBuilder,
  decodeManifest,
  DEFAULT_TAG,
  type Descriptor,
  type Digest,
  isDigest,
  isImageMediaType,
  type ListOptions,
  type ManifestFamily,
  MEDIA_TYPES,
  NotFoundError,
  type Paged,
  type ReadOnlyTarget,
  spanOf,
  type TagLister,
} from "@berth/oci";
import { digestOf, readAllVerified } from "@berth/oci/node";
import { RootfsMismatchError } from "../image/errors.ts";
import { findByName, findOnly, type Named, REF_NAME } from "../layout/names.ts";
import { pagedTexts } from "../memory/paged.ts";
import { blobName, type FetchEntryOptions, openEntry } from "./blob-reader.ts";
import { LayerReader, layerMediaType } from "./docker-layers.ts";
import { type ListedImage, readDockerManifest } from "./docker-manifest.ts";
import { type OciArchive, readLayout } from "./oci-archive.ts";
import { SharedWork } from "./shared-work.ts";
import { type OpenArchiveOptions, openTarFile, type TarFile } from "./tar-file.ts";
import type { TarEntry } from "./tar-index.ts";

/** Options of {@link openDockerArchive}. */
export interface OpenDockerArchiveOptions extends OpenArchiveOptions {
  /** The kind of manifest that is made for images which have none in the archive; default `docker`. */
  readonly family?: ManifestFamily;
}

/** What `docker save` writes, open to be read. */
export interface DockerArchive extends ReadOnlyTarget, TagLister, AsyncDisposable {
  /** What the archive lists, in its order: the names of each image, and the digest of its config. */
  readonly images: readonly { readonly repoTags: readonly string[]; readonly config: Digest }[];
  /**
   * Finds an image by name (`debian:12`, or the tag alone where only one image has it) or by digest, that of its manifest or of its config;
   * "" is the only image. The first time an image is asked for, its layers are read to learn their digests.
   *
   * @throws {NotFoundError} @throws {AmbiguousNameError}
   * @throws {RootfsMismatchError} when the layers are not those that the config names.
   */
  resolve(reference: string, options?: CallOptions): Promise<Descriptor>;
  /** Lets go of the file. Streams that are still open fail. */
  close(): Promise<void>;
}

/**
 * Opens a docker archive: of `docker save` of any version since 1.10, `podman save`, skopeo, crane and others; also one that is compressed.
 *
 * Most such archives hold no manifests. One is made then, of the config as it stands and the layers as they stand, always the same; where
 * the archive holds an OCI layout with the image's own manifest, that one is taken.
 *
 * @param from a path, or the bytes themselves: these go through a temporary file.
 * @throws {InvalidArchiveError} when it is no such archive. @throws {InvalidManifestError} when a config is malformed.
 * @throws {LimitExceededError} @throws the error of the file system when there is no such file.
 *
 * @example
 * ```ts
 * await using archive = await openDockerArchive("saved.tar");
 * const image = await archive.resolve("debian:12");
 * ```
 */
export async function openDockerArchive(from: string | ByteSource, options: OpenDockerArchiveOptions = {}): Promise<DockerArchive> {
  const tar = await openTarFile(from, options);
  try {
    const images = await readDockerManifest(tar, options.signal);
    const layout = tar.entries.has("oci-layout") ? await readLayout(tar, options.signal) : undefined;
    return new ImagesInTar(tar, images, layout, options.family ?? "docker");
  } catch (error) {
    await tar.close();
    throw error;
  }
}

/** Where the bytes of something are. */
type Place = { readonly entry: TarEntry } | { readonly bytes: Uint8Array };

/** A name of an image, and the image. */
interface NamedImage extends Named {
  readonly image: ListedImage;
}

class ImagesInTar implements DockerArchive {
  readonly #tar: TarFile;
  readonly #images: readonly ListedImage[];
  readonly #layout: OciArchive | undefined;
  readonly #family: ManifestFamily;
  readonly #layers: LayerReader;
  readonly #made = new SharedWork<ListedImage, Descriptor>();
  /** By digest: what manifests that were made need. */
  readonly #places = new Map<string, Place>();

  constructor(tar: TarFile, images: readonly ListedImage[], layout: OciArchive | undefined, family: ManifestFamily) {
    this.#tar = tar;
    this.#images = images;
    this.#layout = layout;
    this.#family = family;
    this.#layers = new LayerReader(tar);
  }

  get images(): DockerArchive["images"] {
    return this.#images.map(({ repoTags, configDigest }) => ({ repoTags, config: configDigest }));
  }

  async resolve(reference: string, options: CallOptions = {}): Promise<Descriptor> {
    options.signal?.throwIfAborted();
    if (isDigest(reference)) return await this.#resolveDigest(reference, options);
    const { image } = reference === "" ? findOnly(this.#names()) : this.#named(reference);
    return await this.#describe(image, options);
  }

  async fetch(target: Descriptor, options: FetchEntryOptions = {}): Promise<Readable> {
    options.signal?.throwIfAborted();
    if (this.#layout !== undefined && this.#isBlob(target)) return Readable.from(await this.#layout.fetch(target, options));
    const place = this.#places.get(target.digest) ?? (await this.#findPlace(target.digest, options));
    if ("entry" in place) return openEntry(this.#tar, place.entry, target, options);
    const { start, end } = spanOf(options, place.bytes.byteLength);
    return Readable.from(start === end ? [] : [place.bytes.subarray(start, end)], { objectMode: false });
  }

  tags(options?: ListOptions): Paged<string> {
    return pagedTexts(() => this.#images.flatMap(({ repoTags }) => repoTags), options);
  }

  async close(): Promise<void> {
    await this.#tar.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** A word alone is a tag, or else the name of an image whose tag is `latest`. */
  #named(reference: string): NamedImage {
    try {
      return findByName(this.#names(), reference);
    } catch (error) {
      const isWhole = reference.slice(reference.lastIndexOf("/") + 1).includes(":");
      if (isWhole || !(error instanceof NotFoundError)) throw error;
    }
    return findByName(this.#names(), `${reference}:${DEFAULT_TAG}`);
  }

  #names(): readonly NamedImage[] {
    return this.#images.flatMap((image): readonly NamedImage[] => {
      const names = image.repoTags.length === 0 ? [undefined] : image.repoTags;
      return names.map((name) => ({ image, digest: image.configDigest, ...(name !== undefined && { annotations: { [REF_NAME]: name } }) }));
    });
  }

  async #resolveDigest(digest: Digest, options: CallOptions): Promise<Descriptor> {
    const byConfig = this.#images.find(({ configDigest }) => configDigest === digest);
    if (byConfig !== undefined) return await this.#describe(byConfig, options);
    for (const image of this.#images) {
      const found = await this.#describe(image, options);
      if (found.digest === digest) return found;
    }
    if (this.#layout !== undefined) return await this.#layout.resolve(digest, options);
    throw new NotFoundError("manifest", digest);
  }

  /** Somebody may know a digest from an earlier time. */
  async #findPlace(digest: string, options: CallOptions): Promise<Place> {
    for (const image of this.#images) {
      await this.#describe(image, options);
      const place = this.#places.get(digest);
      if (place !== undefined) return place;
    }
    throw new NotFoundError("blob", digest);
  }

  async #describe(image: ListedImage, options: CallOptions): Promise<Descriptor> {
    return await this.#made.get(
      image,
      options.signal,
      async () => (await this.#findOwn(image, options)) ?? (await this.#make(image, options)),
    );
  }

  /** The manifest that the archive itself has for an image, with everything that it names. */
  async #findOwn({ configDigest, config }: ListedImage, options: CallOptions): Promise<Descriptor | undefined> {
    if (this.#layout === undefined) return undefined;
    const described = { mediaType: MEDIA_TYPES.ociConfig, digest: configDigest, size: config.size };
    for (const { mediaType, digest, size } of await this.#layout.predecessors(described, options)) {
      if (!isImageMediaType(mediaType)) continue;
      const descriptor = { mediaType, digest, size };
      const limits = { maxBytes: this.#tar.limits.maxMetadataBytes };
      const manifest = decodeManifest(await readAllVerified(await this.#layout.fetch(descriptor, options), descriptor, limits), mediaType);
      if (manifest.references.every((one) => this.#isBlob(one.descriptor))) return descriptor;
    }
    return undefined;
  }

  /** Whether the layout in the archive holds something; a link there is a layer's place at most. */
  #isBlob(target: Pick<Descriptor, "digest">): boolean {
    const entry = this.#tar.entries.get(blobName(target));
    return entry !== undefined && entry.linksTo === undefined;
  }

  async #make(image: ListedImage, { signal }: CallOptions): Promise<Descriptor> {
    const { diffIds, layers } = image;
    if (layers.length !== diffIds.length) throw new RootfsMismatchError(`the archive has ${layers.length}, the config ${diffIds.length}`);
    const config = await this.#tar.readWhole(image.config, signal);
    const nowhere = { exists: async () => true, push: async () => undefined }; // all of it is here already
    const builder = createImageBuilder({ family: this.#family, blobs: nowhere, config });
    const places: [string, Place][] = [[image.configDigest, { entry: image.config }]];
    for (const [index, entry] of layers.entries()) {
      const expected = diffIds[index] ?? image.configDigest;
      const { compression, digest, diffId } = await this.#layers.read(entry, expected, signal);
      if (diffId !== expected) throw new RootfsMismatchError(`layer ${index} is "${diffId}", expected "${expected}"`, { layer: index });
      builder.appendReference({ mediaType: layerMediaType(this.#family, compression), digest, size: entry.size });
      places.push([digest, { entry }]);
    }
    const { raw, mediaType } = await builder.build();
    const descriptor = { mediaType, digest: digestOf(raw), size: raw.byteLength };
    for (const [digest, place] of [...places, [descriptor.digest, { bytes: raw }] as const]) this.#places.set(digest, place);
    return descriptor;
  }
}
