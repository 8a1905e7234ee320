import { tmpdir } from "node:os";
import { Readable, type Writable } from "node:stream";
import {
  type ByteSource,
  bytesSource,
  type CallOptions,
  decodeManifest,
  type Descriptor,
  type Digest,
  type FetchOptions,
  isDigest,
  isIndexMediaType,
  isManifestMediaType,
  type Manifest,
  ManifestBlobUnknownError,
  NotFoundError,
  spanOf,
  type Target,
  UnsupportedError,
} from "@berth/oci";
import { readAllVerified, verifyingStream } from "@berth/oci/node";
import { RootfsMismatchError } from "../image/errors.ts";
import { readImageConfig } from "../image/image-config.ts";
import { openLayer } from "../image/layer.ts";
import { layerCompression } from "../image/layer-compression.ts";
import { isImageConfigMediaType, matchLayers, MAX_CONFIG_BYTES } from "../image/read-image.ts";
import { checkName } from "../layout/names.ts";
import { createTarWriter } from "./create-tar-writer.ts";
import { configName, DOCKER_MANIFEST, encodeDockerManifest, layerName, type WrittenImage } from "./docker-manifest.ts";
import { NotAnImageError } from "./errors.ts";
import { type ArchiveLimits, limitsOf } from "./limits.ts";
import { readSpan } from "./read-span.ts";
import { repoTag } from "./repo-tag.ts";
import { createSpool } from "./spool.ts";
import type { NewEntry, TarWriter, WriteArchiveOptions } from "./tar-writer.ts";
import { type Turn, Turns } from "./turns.ts";

/** Options of {@link createDockerArchive}. */
export interface CreateDockerArchiveOptions extends WriteArchiveOptions, Pick<ArchiveLimits, "maxRatio" | "ratioFloor"> {
  /** Whole names that the image gets, such as `debian:12`; without a tag they mean `latest`. Of several images the one pushed last gets them. */
  readonly references?: readonly string[];
}

/** A docker archive that is being written. */
export interface NewDockerArchive extends Target, AsyncDisposable {
  /** What is pushed stands in the archive in the order of the calls: a copy makes them in the same order each time. */
  readonly inOrder: true;
  /** False for what is not there yet. @throws {NotAnImageError} for an index: before anything of it is pushed. */
  exists(target: Descriptor, options?: CallOptions): Promise<boolean>;
  /**
   * Stores a layer uncompressed, a config, or the manifest of an image when both are there.
   *
   * @throws {NotAnImageError} for indexes, artifacts and everything else that is no image of one platform.
   * @throws {RootfsMismatchError} when the layers are not those that the config names.
   * @throws {ManifestBlobUnknownError} when a config or layer was not pushed before.
   * @throws {DigestMismatchError} @throws {SizeMismatchError} @throws {InvalidLayerError} @throws {LimitExceededError}
   */
  push(expected: Descriptor, content: ByteSource, options?: CallOptions): Promise<void>;
  /** Gives an image a whole name; a tag alone has no place in such archives and only serves to resolve it. */
  tag(target: Descriptor, tag: string, options?: CallOptions): Promise<void>;
  /** Writes the list of images and puts the archive into its place. @throws {UnsupportedError} when no image was pushed. */
  finish(): Promise<void>;
  /** Gives the archive up: at its place stays what was there before. After {@link NewDockerArchive.finish} this does nothing. */
  abort(): Promise<void>;
}

/**
 * Starts a docker archive, which `docker load`, `podman load`, skopeo and others read. Layers go into it uncompressed, so each waits in a
 * temporary file until its size is known; its bytes, and the diffID that the config gives it, are checked on the way. The same content pushed
 * in the same order gives the same bytes, also when many layers are on their way at a time.
 *
 * @param out a path, where nothing is to be seen before `finish()`, or a stream, which stays open.
 * @throws {InvalidReferenceError} when one of `references` is no name of an image.
 * @throws the error of the file system when the path cannot be written.
 *
 * @example
 * ```ts
 * await using archive = await createDockerArchive("debian.tar", { references: ["debian:12"] });
 * ```
 */
export async function createDockerArchive(out: string | Writable, options: CreateDockerArchiveOptions = {}): Promise<NewDockerArchive> {
  const references = (options.references ?? []).map(repoTag);
  return new DockerArchiveWriter(await createTarWriter(out, options), references, options);
}

/** A layer that was stored. */
interface StoredLayer {
  readonly diffId: Digest;
}

/** An image whose parts were stored. */
interface StoredImage extends Omit<WrittenImage, "repoTags"> {
  readonly descriptor: Descriptor;
  readonly repoTags: Set<string>;
}

class DockerArchiveWriter implements NewDockerArchive {
  readonly inOrder = true;
  readonly #tar: TarWriter;
  readonly #references: readonly string[];
  readonly #temporaryFolder: string;
  readonly #limits: Pick<Required<ArchiveLimits>, "maxRatio" | "maxSpoolBytes" | "ratioFloor">;
  /** By the digest that they were pushed by. */
  readonly #layers = new Map<string, StoredLayer>();
  readonly #images = new Map<string, StoredImage>();
  /** Configs and manifests, small as they are. */
  readonly #bytes = new Map<string, Uint8Array>();
  readonly #tags = new Map<string, StoredImage>();
  /** Layers and configs stand in the order in which they were pushed, whichever is here first. */
  readonly #turns = new Turns();

  constructor(tar: TarWriter, references: readonly string[], options: CreateDockerArchiveOptions) {
    this.#tar = tar;
    this.#references = references;
    this.#temporaryFolder = options.temporaryFolder ?? tmpdir();
    this.#limits = limitsOf(options);
  }

  async exists(target: Descriptor, options: CallOptions = {}): Promise<boolean> {
    options.signal?.throwIfAborted();
    refuseIndex(target);
    return this.#layers.has(target.digest) || this.#bytes.has(target.digest);
  }

  async push(expected: Descriptor, content: ByteSource, options: CallOptions = {}): Promise<void> {
    if (await this.exists(expected, options)) return;
    const { mediaType } = expected;
    if (isManifestMediaType(mediaType)) return await this.#pushManifest(expected, content, options);
    const isConfig = isImageConfigMediaType(mediaType);
    if (!isConfig && layerCompression(mediaType) === undefined)
      throw new NotAnImageError(mediaType, "it is neither layer nor config of an image", { isArtifact: true });
    const turn = this.#turns.take();
    try {
      if (isConfig) await this.#pushConfig(expected, content, turn, options);
      else await this.#pushLayer(expected, content, turn, options);
    } finally {
      turn.leave();
    }
  }

  async fetch(target: Descriptor, options: FetchOptions = {}): Promise<Readable> {
    options.signal?.throwIfAborted();
    if (this.#layers.has(target.digest)) throw new UnsupportedError("read a layer back from a docker archive that is being written");
    const bytes = this.#bytes.get(target.digest);
    if (bytes === undefined) throw new NotFoundError(isManifestMediaType(target.mediaType) ? "manifest" : "blob", target.digest);
    const { start, end } = spanOf(options, bytes.byteLength);
    return Readable.from(start === end ? [] : [bytes.subarray(start, end)], { objectMode: false });
  }

  async resolve(reference: string, options: CallOptions = {}): Promise<Descriptor> {
    options.signal?.throwIfAborted();
    const found = isDigest(reference) ? this.#images.get(reference) : this.#tags.get(reference);
    if (found === undefined) throw new NotFoundError(isDigest(reference) ? "manifest" : "tag", reference);
    return found.descriptor;
  }

  async tag(target: Descriptor, tag: string, options: CallOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    const image = this.#images.get(target.digest);
    if (image === undefined) throw new NotFoundError("manifest", target.digest);
    checkName(tag);
    if (/[:/]/.test(tag)) {
      const name = repoTag(tag);
      for (const other of this.#images.values()) other.repoTags.delete(name); // a name moves
      image.repoTags.add(name);
    }
    this.#tags.set(tag, image);
  }

  async finish(): Promise<void> {
    const images = [...this.#images.values()];
    const last = images.at(-1);
    if (last === undefined) throw new UnsupportedError("write a docker archive without an image");
    for (const name of this.#references) last.repoTags.add(name);
    const list = images.map(({ config, diffIds, repoTags }) => ({ config, diffIds, repoTags: [...repoTags].sort() }));
    await this.#tar.finish([{ name: DOCKER_MANIFEST, bytes: encodeDockerManifest(list) }]);
  }

  async abort(): Promise<void> {
    await this.#tar.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.abort();
  }

  async #pushConfig(expected: Descriptor, content: ByteSource, turn: Turn, options: CallOptions): Promise<void> {
    const bytes = await readAllVerified(content, expected, { ...options, maxBytes: MAX_CONFIG_BYTES });
    await this.#add({ name: configName(expected.digest), size: expected.size }, bytesSource(bytes), turn, options);
    this.#bytes.set(expected.digest, bytes);
  }

  async #pushLayer(expected: Descriptor, content: ByteSource, turn: Turn, options: CallOptions): Promise<void> {
    const { signal } = options;
    const { maxSpoolBytes: maxBytes, maxRatio, ratioFloor } = this.#limits;
    const limits = { maxBytes, maxRatio, ratioFloor };
    const layer = openLayer(verifyingStream(content, expected), expected.mediaType, { ...options, limits });
    const spool = { maxBytes, temporaryFolder: this.#temporaryFolder };
    const { file, size } = await createSpool(layer, { ...spool, ...(signal && { signal }) });
    try {
      await this.#add({ name: layerName(layer.diffId), size }, readSpan(file, 0, size, signal), turn, options);
    } finally {
      await file.close();
    }
    this.#layers.set(expected.digest, { diffId: layer.diffId });
  }

  /** The place of a file in the archive is that of its turn; it may be written beside others. */
  async #add(entry: NewEntry, content: ByteSource, turn: Turn, options: CallOptions): Promise<void> {
    await turn.wait(options.signal);
    const adding = this.#tar.add(entry, content, options);
    turn.leave();
    await adding;
  }

  async #pushManifest(expected: Descriptor, content: ByteSource, options: CallOptions): Promise<void> {
    const bytes = await readAllVerified(content, expected, options);
    const { config, diffIds } = this.#check(decodeManifest(bytes, expected.mediaType));
    const { mediaType, digest, size } = expected;
    this.#bytes.set(digest, bytes);
    this.#images.set(digest, { descriptor: { mediaType, digest, size }, config, diffIds, repoTags: new Set() });
  }

  #check(manifest: Manifest): Pick<WrittenImage, "config" | "diffIds"> {
    if (manifest.kind !== "image") throw new NotAnImageError(manifest.mediaType, "it is no image");
    const { config, configMediaType } = manifest;
    if (!isImageConfigMediaType(configMediaType))
      throw new NotAnImageError(configMediaType, "it is the config of an artifact", { isArtifact: true });
    const bytes = this.#bytes.get(config.digest);
    if (bytes === undefined) throw new ManifestBlobUnknownError(config.digest);
    const layers = matchLayers(manifest, readImageConfig(bytes));
    for (const { index, descriptor, diffId } of layers) {
      const stored = this.#layers.get(descriptor.digest);
      if (stored === undefined) throw new ManifestBlobUnknownError(descriptor.digest);
      if (stored.diffId === diffId) continue;
      throw new RootfsMismatchError(`layer ${index} is "${stored.diffId}", expected "${diffId}"`, { layer: index });
    }
    return { config: config.digest, diffIds: layers.map(({ diffId }) => diffId) };
  }
}

function refuseIndex({ mediaType }: Descriptor): void {
  if (isIndexMediaType(mediaType)) throw new NotAnImageError(mediaType, "it holds images of one platform; choose one with --platform");
}
