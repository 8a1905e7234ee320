import { Readable } from "node:stream";
import {
  type ByteSource,
  type CallOptions,
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
  type TagLister,
} from "@berth/oci";
import { readAllVerified } from "@berth/oci/node";
import type { TransferEvent } from "../events.ts";
import { findByName, findOnly, type Named, REF_NAME } from "../layout/names.ts";
import { pagedTexts } from "../memory/paged.ts";
import type { Compression } from "../pack/compress-to-file.ts";
import { isCompressedAs } from "../pack/layer-types.ts";
import { blobName, type FetchEntryOptions } from "./blob-reader.ts";
import { type LayerPacking, LayerReader } from "./docker-layers.ts";
import { type ListedImage, readDockerManifest } from "./docker-manifest.ts";
import { naming } from "./errors.ts";
import { MadeImages } from "./made-images.ts";
import { type OciArchive, readLayout } from "./oci-archive.ts";
import { type OpenArchiveOptions, openTarFile, type TarFile } from "./tar-file.ts";

/** Options of {@link openDockerArchive}. */
export interface OpenDockerArchiveOptions extends OpenArchiveOptions {
  /** The kind of manifest that is made for images which have none in the archive; default `docker`. */
  readonly family?: ManifestFamily;
  /**
   * How layers are compressed that stand in the archive as plain tars; default `none`: they stay so. When an image is first asked for they
   * go through temporary files, which stay until the archive is closed. Layers that are compressed already stay as they are.
   */
  readonly compression?: Compression;
  /** 1 to 9 for gzip, 1 to 19 for zstd; default 6 and 3. */
  readonly level?: number;
  /** Told of layers that are being compressed. */
  readonly onEvent?: (event: TransferEvent) => void;
}

/** What `docker save` writes, open to be read. */
export interface DockerArchive extends ReadOnlyTarget, TagLister, AsyncDisposable {
  /** What the archive lists, in its order: the names of each image, and the digest of its config. */
  readonly images: readonly { readonly repoTags: readonly string[]; readonly config: Digest }[];
  /**
   * Finds an image by name (`debian:12`, or the tag alone where only one image has it) or by digest, that of its manifest or of its config;
   * "" is the only image. The first time an image is asked for, its layers are read to learn their digests. A digest may also be that of
   * the manifest which is made when no options are given: its layers are as they stand.
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
 * the archive holds an OCI layout with the image's own manifest, that one is taken, unless a layer of it is to be compressed.
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
  return await naming(from, async () => {
    const tar = await openTarFile(from, options);
    try {
      const images = await readDockerManifest(tar, options.signal);
      const layout = tar.entries.has("oci-layout") ? await readLayout(tar, options.signal) : undefined;
      return new ImagesInTar(tar, images, layout, options);
    } catch (error) {
      await tar.close();
      throw error;
    }
  });
}

/** A name of an image, and the image. */
interface NamedImage extends Named {
  readonly image: ListedImage;
}

class ImagesInTar implements DockerArchive {
  readonly #tar: TarFile;
  readonly #images: readonly ListedImage[];
  readonly #layout: OciArchive | undefined;
  /** The form that was asked for, and the one of who asks for none: digests of that may be known, too. */
  readonly #forms: readonly [asked: MadeImages, plain: MadeImages];

  constructor(tar: TarFile, images: readonly ListedImage[], layout: OciArchive | undefined, options: OpenDockerArchiveOptions) {
    this.#tar = tar;
    this.#images = images;
    this.#layout = layout;
    const { family = "docker", compression = "none", level, temporaryFolder, onEvent } = options;
    const packing = compression !== "none" && {
      compression,
      ...(level !== undefined && { level }),
      ...(temporaryFolder !== undefined && { temporaryFolder }),
      ...(onEvent && { onEvent }),
    };
    const plain = this.#form("docker", undefined);
    this.#forms = [packing || family !== "docker" ? this.#form(family, packing || undefined) : plain, plain];
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
    for (const form of this.#forms) {
      const content = form.open(target, options);
      if (content !== undefined) return content;
    }
    return await this.#openUnasked(target, options);
  }

  tags(options?: ListOptions): Paged<string> {
    return pagedTexts(() => this.#images.flatMap(({ repoTags }) => repoTags), options);
  }

  async close(): Promise<void> {
    await this.#tar.close();
    for (const form of this.#forms) await form.close();
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
    for (const form of this.#forms) {
      const known = form.find(digest);
      if (known !== undefined) return known;
    }
    for (const form of this.#forms.toReversed()) {
      // to compress takes longest
      for (const image of this.#images) {
        const found = await form.describe(image, options);
        if (found.digest === digest) return found;
      }
    }
    if (this.#layout !== undefined) return await this.#layout.resolve(digest, options);
    throw new NotFoundError("manifest", digest);
  }

  /** Somebody may know a digest from an earlier time. */
  async #openUnasked(target: Descriptor, options: FetchEntryOptions): Promise<Readable> {
    for (const form of this.#forms.toReversed()) {
      for (const image of this.#images) {
        await form.describe(image, options);
        const content = form.open(target, options);
        if (content !== undefined) return content;
      }
    }
    throw new NotFoundError("blob", target.digest);
  }

  async #describe(image: ListedImage, options: CallOptions): Promise<Descriptor> {
    return await this.#forms[0].describe(image, options);
  }

  #form(family: ManifestFamily, packing: LayerPacking | undefined): MadeImages {
    return new MadeImages(this.#tar, {
      family,
      layers: new LayerReader(this.#tar, packing),
      findOwn: async (image, options) => await this.#findOwn(image, packing !== undefined, options),
    });
  }

  /** The manifest that the archive itself has for an image, with everything that it names. @param isPacked no layer may be a plain tar. */
  async #findOwn({ configDigest, config }: ListedImage, isPacked: boolean, options: CallOptions): Promise<Descriptor | undefined> {
    if (this.#layout === undefined) return undefined;
    const described = { mediaType: MEDIA_TYPES.ociConfig, digest: configDigest, size: config.size };
    for (const { mediaType, digest, size } of await this.#layout.predecessors(described, options)) {
      if (!isImageMediaType(mediaType)) continue;
      const descriptor = { mediaType, digest, size };
      const limits = { maxBytes: this.#tar.limits.maxMetadataBytes };
      const manifest = decodeManifest(await readAllVerified(await this.#layout.fetch(descriptor, options), descriptor, limits), mediaType);
      if (isPacked && manifest.kind === "image" && manifest.layers.some((layer) => isCompressedAs(layer.mediaType, "none"))) continue;
      if (manifest.references.every((one) => this.#isBlob(one.descriptor))) return descriptor;
    }
    return undefined;
  }

  /** Whether the layout in the archive holds something; a link there is a layer's place at most. */
  #isBlob(target: Pick<Descriptor, "digest">): boolean {
    const entry = this.#tar.entries.get(blobName(target));
    return entry !== undefined && entry.linksTo === undefined;
  }
}
