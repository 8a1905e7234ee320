import { Readable } from "node:stream";
import type { Writable } from "node:stream";
import {
  type ByteSource,
  bytesSource,
  type CallOptions,
  decodeManifest,
  type Descriptor,
  type FetchOptions,
  isDigest,
  isManifestMediaType,
  MEDIA_TYPES,
  NotFoundError,
  spanOf,
  successorsOf,
  type Target,
  UnsupportedError,
} from "@berth/oci";
import { readAllVerified, verifyingStream } from "@berth/oci/node";
import type { TagsPusher } from "../copy/abilities.ts";
import { checkName, REF_NAME } from "../layout/names.ts";
import { blobName } from "./blob-reader.ts";
import { createTarWriter } from "./create-tar-writer.ts";
import { DEFAULT_ARCHIVE_LIMITS } from "./limits.ts";
import type { TarWriter, WriteArchiveOptions } from "./tar-writer.ts";

/** Options of {@link createOciArchive}. */
export interface CreateOciArchiveOptions extends WriteArchiveOptions {
  /** Bytes of one manifest, at most; default 4 MiB. */
  readonly maxManifestBytes?: number;
}

/** An OCI image layout that is being written into one tar file. */
export interface NewOciArchive extends Target, AsyncDisposable {
  /** What is pushed stands in the archive in the order of the calls: a copy makes them in the same order each time. */
  readonly inOrder: true;
  /** Writes the index and puts the archive into its place. @throws {ArchiveClosedError} when it was finished or given up before. */
  finish(): Promise<void>;
  /** Gives the archive up: at its place stays what was there before. After {@link NewOciArchive.finish} this does nothing. */
  abort(): Promise<void>;
}

/**
 * Starts an OCI archive. Content goes into it as it is pushed, many blobs at a time; the same content pushed in the same order gives the same
 * bytes. Tags become names in its index, as do manifests without one that no other manifest lists.
 *
 * @param out a path, where nothing is to be seen before `finish()`, or a stream, which stays open. On a stream each blob is checked before
 * it is sent, and nothing can be read back.
 * @throws the error of the file system when the path cannot be written.
 * @see OCI image-spec, image-layout.md
 *
 * @example
 * ```ts
 * await using archive = await createOciArchive("debian.tar"); // given up unless finished
 * await archive.push(layer, content);
 * await archive.finish();
 * ```
 */
export async function createOciArchive(out: string | Writable, options: CreateOciArchiveOptions = {}): Promise<NewOciArchive> {
  return new OciArchiveWriter(await createTarWriter(out, options), options.maxManifestBytes ?? DEFAULT_ARCHIVE_LIMITS.maxMetadataBytes);
}

class OciArchiveWriter implements NewOciArchive, TagsPusher {
  readonly inOrder = true;
  readonly #tar: TarWriter;
  readonly #maxManifestBytes: number;
  /** By digest. */
  readonly #manifests = new Map<string, Descriptor>();
  readonly #tags = new Map<string, Descriptor>();
  /** Digests that some manifest lists; what only a `subject` names is not among them. */
  readonly #listed = new Set<string>();

  constructor(tar: TarWriter, maxManifestBytes: number) {
    this.#tar = tar;
    this.#maxManifestBytes = maxManifestBytes;
  }

  async push(expected: Descriptor, content: ByteSource, options: CallOptions = {}): Promise<void> {
    const entry = { name: blobName(expected), size: expected.size, digest: expected.digest };
    if (!isManifestMediaType(expected.mediaType)) return await this.#tar.add(entry, content, options);
    const bytes = await readAllVerified(content, expected, { ...options, maxBytes: this.#maxManifestBytes });
    const manifest = decodeManifest(bytes, expected.mediaType);
    await this.#tar.add(entry, bytesSource(bytes), options);
    this.#manifests.set(expected.digest, plainManifest(expected));
    for (const child of successorsOf(manifest)) {
      if (child.digest !== manifest.subject?.digest) this.#listed.add(child.digest);
    }
  }

  async pushTags(expected: Descriptor, content: ByteSource, tags: readonly string[], options: CallOptions = {}): Promise<void> {
    for (const tag of tags) checkName(tag);
    await this.push(expected, content, options);
    const manifest = plainManifest(expected); // whatever its type is
    this.#manifests.set(expected.digest, manifest);
    for (const tag of tags) this.#tags.set(tag, manifest);
  }

  async exists(target: Descriptor, options: CallOptions = {}): Promise<boolean> {
    options.signal?.throwIfAborted();
    return this.#tar.has(blobName(target));
  }

  async fetch(target: Descriptor, options: FetchOptions = {}): Promise<Readable> {
    options.signal?.throwIfAborted();
    const name = blobName(target);
    if (!this.#tar.has(name)) throw new NotFoundError("blob", target.digest);
    const { start, end } = spanOf(options, target.size);
    const content = this.#tar.read(name, { start, end }, options.signal);
    if (content === undefined) throw new UnsupportedError("read from an archive that is being written to a stream");
    return start === 0 && end === target.size ? verifyingStream(content, target) : Readable.from(content, { objectMode: false });
  }

  async resolve(reference: string, options: CallOptions = {}): Promise<Descriptor> {
    options.signal?.throwIfAborted();
    const found = isDigest(reference) ? this.#manifests.get(reference) : this.#tags.get(reference);
    if (found === undefined) throw new NotFoundError(isDigest(reference) ? "manifest" : "tag", reference);
    return found;
  }

  async tag(target: Descriptor, tag: string, options: CallOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    // a manifest of an unknown type came as a blob
    const manifest = this.#manifests.get(target.digest) ?? (this.#tar.has(blobName(target)) ? plainManifest(target) : undefined);
    if (manifest === undefined) throw new NotFoundError("manifest", target.digest);
    checkName(tag);
    this.#tags.set(tag, manifest);
  }

  async finish(): Promise<void> {
    await this.#tar.finish([
      { name: "index.json", bytes: Buffer.from(JSON.stringify(this.#index())) },
      { name: "oci-layout", bytes: Buffer.from(JSON.stringify({ imageLayoutVersion: "1.0.0" })) },
    ]);
  }

  async abort(): Promise<void> {
    await this.#tar.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.abort();
  }

  /** Names in the order of their bytes, then the rest in that of their digests: no order of arrival shows. */
  #index(): unknown {
    const tagged = [...this.#tags].sort(([a], [b]) => (a < b ? -1 : 1)); // names are ASCII
    const named = new Set(tagged.map(([, { digest }]) => digest));
    const rest = [...this.#manifests.values()].filter(({ digest }) => !named.has(digest) && !this.#listed.has(digest));
    rest.sort((a, b) => (a.digest < b.digest ? -1 : 1));
    return {
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.ociIndex,
      manifests: [...tagged.map(([tag, manifest]) => ({ ...manifest, annotations: { [REF_NAME]: tag } })), ...rest],
    };
  }
}

/** What the index says of a manifest, its members in one order. */
function plainManifest({ mediaType, digest, size, artifactType, platform }: Descriptor): Descriptor {
  return { mediaType, digest, size, ...(artifactType !== undefined && { artifactType }), ...(platform && { platform }) };
}
