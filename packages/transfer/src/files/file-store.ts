import { stat } from "node:fs/promises";
import { basename, resolve } from "node:path";
import {
  type Annotations,
  type ByteSource,
  type ByteStream,
  type CallOptions,
  decodeManifest,
  type Descriptor,
  type FetchOptions,
  type GraphTarget,
  isManifestMediaType,
  type ListOptions,
  MEDIA_TYPES,
  NotFoundError,
  type Paged,
  type ReferrerLister,
  type ReferrersOptions,
  type ReplayableSource,
  type TagLister,
} from "@berth/oci";
import { fileSource, readAllVerified } from "@berth/oci/node";
import { abortable } from "../archive/abortable.ts";
import { checked, startCheck } from "../archive/checked.ts";
import type { LayerLimits } from "../image/layer-limits.ts";
import { discardSource } from "../memory/discard-source.ts";
import { createMemoryStore, type MemoryTarget } from "../memory/memory-store.ts";
import { describeFile, type DescribedFile, describeFolder } from "./described-file.ts";
import { DuplicateTitleError } from "./errors.ts";
import { writingTo } from "../no-space.ts";
import { sourceStream } from "./source-stream.ts";
import { type OldFiles, TargetFolder } from "./target-folder.ts";
import { isPacked, TITLE, titleKey, titleOf, titleParts } from "./title.ts";
import { checkNesting, titledBlobs } from "./titled-blobs.ts";

/** Options of {@link openFileStore}. */
export interface FileStoreOptions {
  /** Whether files that are there already are kept, which makes other content for them an error; default: they are replaced. */
  readonly keepOldFiles?: boolean;
  /** What happens to blobs without a title: `keep` holds them in memory, `skip` checks and forgets them. Default `keep`. */
  readonly untitled?: "keep" | "skip";
  /** Bytes in memory, manifests and blobs without a title together; default 64 MiB. */
  readonly maxMemoryBytes?: number;
  /** What a packed folder may hold. */
  readonly limits?: LayerLimits;
  /** The time of the entries of folders that are packed, in seconds since 1970; default 0. */
  readonly epoch?: number;
  /** Where folders that are added wait packed; default the system's folder for temporary files. */
  readonly temporaryFolder?: string;
}

/** Options of {@link FileStore.add}. */
export interface AddFileOptions extends CallOptions {
  /** The title; default the last part of the path. */
  readonly name?: string;
  /** Default that of a layer, as oras has it: of a folder, of a compressed one. */
  readonly mediaType?: string;
  /** On top of the title. */
  readonly annotations?: Annotations;
}

/** Files of a folder as the blobs of artifacts. Manifests are kept in memory. */
export interface FileStore extends GraphTarget, TagLister, ReferrerLister, AsyncDisposable {
  /** Absolute path. */
  readonly folder: string;
  /**
   * Makes a blob of a file or folder; it is read now for its digest, and again when it is fetched. A folder becomes a compressed archive
   * that is the same whenever its content is.
   *
   * @param path absolute, or below the folder of the store.
   * @throws {UnsafeTitleError} @throws {DuplicateTitleError} @throws {UnpackableFileError} @throws the error of the file system.
   */
  add(path: string, options?: AddFileOptions): Promise<Descriptor>;
  /**
   * Stores content: with a title as a file below the folder, or as a folder when it is a packed one. It is seen there whole or not at all.
   * What came of a file when it is aborted, or its source fails, stays under another name (`.berth-partial-...`): the next push of that
   * content goes on with it, and a manifest that comes without it takes it away.
   *
   * @throws {UnsafeTitleError} @throws {DuplicateTitleError} @throws {FileExistsError}
   * @throws {DigestMismatchError} @throws {SizeMismatchError} @throws {LimitExceededError}
   * @throws {UnsafeEntryError} @throws {InvalidLayerError} when a packed folder would leave its place, or is damaged.
   */
  push(expected: Descriptor, content: ByteSource, options?: CallOptions): Promise<void>;
  /**
   * Checks the titles of all blobs of an artifact, so that none is written when one cannot be. A copy does it before the first byte.
   *
   * @throws {UnsafeTitleError} @throws {DuplicateTitleError} @throws {FileExistsError}
   */
  checkTitles(blobs: readonly Descriptor[], options?: CallOptions): Promise<void>;
  /** Removes the temporary files of folders that were added. */
  close(): Promise<void>;
}

/**
 * Opens a folder as a place that artifacts are pushed from and pulled into, the way oras does it. Nothing is made before something is pulled.
 *
 * @see oras-go, content/file
 *
 * @example
 * ```ts
 * await using files = await openFileStore(".");
 * const readme = await files.add("README.md", { mediaType: "text/markdown" });
 * ```
 */
export async function openFileStore(folder: string, options: FileStoreOptions = {}): Promise<FileStore> {
  return new TitledFiles(folder, options);
}

class TitledFiles implements FileStore {
  readonly folder: string;
  /** As it was given. */
  readonly #typed: string;
  readonly #options: FileStoreOptions;
  readonly #target: TargetFolder;
  readonly #memory: MemoryTarget;
  /** Content by digest. */
  readonly #sources = new Map<string, ReplayableSource>();
  /** Digests by clean title: of what is there, and of what is about to be. */
  readonly #titles = new Map<string, string>();
  readonly #written = new Set<string>();
  readonly #skipped = new Set<string>();
  readonly #running = new Map<string, Promise<void>>();
  readonly #packed: AsyncDisposable[] = [];

  constructor(folder: string, options: FileStoreOptions) {
    this.folder = resolve(folder);
    this.#typed = folder;
    this.#options = options;
    const oldFiles: OldFiles = options.keepOldFiles === true ? "keep" : "replace";
    this.#target = new TargetFolder(this.folder, oldFiles);
    this.#memory = createMemoryStore({ maxBytes: options.maxMemoryBytes ?? 67_108_864 });
  }

  async add(path: string, { name, mediaType, annotations, signal }: AddFileOptions = {}): Promise<Descriptor> {
    signal?.throwIfAborted();
    const full = resolve(this.folder, path);
    const title = name ?? basename(full);
    const parts = titleParts(title);
    const key = titleKey(parts);
    const isFolder = (await stat(full)).isDirectory();
    const { source, ...described } = isFolder ? await this.#pack(full, parts.join("/"), signal) : await describeFile(full, signal);
    this.#claim(title, key, described.digest);
    this.#written.add(key);
    this.#sources.set(described.digest, source);
    return {
      mediaType: mediaType ?? (isFolder ? MEDIA_TYPES.ociLayerGzip : MEDIA_TYPES.ociLayer),
      digest: described.digest,
      size: described.size,
      annotations: { ...annotations, ...described.annotations, [TITLE]: title },
    };
  }

  async push(expected: Descriptor, content: ByteSource, options: CallOptions = {}): Promise<void> {
    const running = this.#running.get(expected.digest);
    if (running !== undefined) await running.catch(() => undefined); // the error is that of who pushes
    if (await this.exists(expected, options)) return discardSource(content);
    const pushing = this.#push(expected, content, options).finally(() => this.#running.delete(expected.digest));
    this.#running.set(expected.digest, pushing);
    await pushing;
  }

  async exists(target: Descriptor, options: CallOptions = {}): Promise<boolean> {
    options.signal?.throwIfAborted();
    const title = titleOf(target);
    if (title === undefined) {
      return this.#sources.has(target.digest) || this.#skipped.has(target.digest) || (await this.#memory.exists(target, options));
    }
    const parts = titleParts(title);
    const key = titleKey(parts);
    if (this.#titles.get(key) === target.digest) return this.#written.has(key);
    return !isPacked(target) && (await this.#adopt(target, parts, options));
  }

  async fetch(target: Descriptor, options: FetchOptions = {}): Promise<ByteStream> {
    options.signal?.throwIfAborted();
    const source = this.#sources.get(target.digest);
    return source === undefined ? await this.#memory.fetch(target, options) : sourceStream(source, target, options);
  }

  async checkTitles(blobs: readonly Descriptor[], options: CallOptions = {}): Promise<void> {
    const wanted = titledBlobs(blobs);
    const digests = new Map(this.#titles);
    for (const { title, key, digest } of wanted) {
      const other = digests.get(key);
      if (other !== undefined && other !== digest) throw new DuplicateTitleError(title);
      digests.set(key, digest);
    }
    checkNesting(wanted);
    for (const { title, parts, blob } of wanted) {
      if (await this.exists(blob, options)) continue;
      await this.#target.checkFree(title, parts);
      await this.#target.check(title, parts, isPacked(blob));
    }
  }

  async resolve(reference: string, options?: CallOptions): Promise<Descriptor> {
    return await this.#memory.resolve(reference, options);
  }

  async tag(target: Descriptor, tag: string, options?: CallOptions): Promise<void> {
    await this.#memory.tag(target, tag, options);
  }

  async predecessors(target: Descriptor, options?: CallOptions): Promise<readonly Descriptor[]> {
    return await this.#memory.predecessors(target, options);
  }

  tags(options?: ListOptions): Paged<string> {
    return this.#memory.tags(options);
  }

  referrers(subject: Descriptor, options?: ReferrersOptions): Paged<Descriptor> {
    return this.#memory.referrers(subject, options);
  }

  async close(): Promise<void> {
    for (const packed of this.#packed.splice(0)) await packed[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #push(expected: Descriptor, content: ByteSource, options: CallOptions): Promise<void> {
    const title = titleOf(expected);
    if (isManifestMediaType(expected.mediaType)) return await this.#pushManifest(expected, content, options);
    if (title !== undefined) return await writingTo(this.#typed, async () => await this.#pushTitled(expected, title, content, options));
    if (this.#options.untitled !== "skip") return await this.#memory.push(expected, content, options);
    for await (const _ of checked(abortable(content, options.signal), startCheck(expected)));
    this.#skipped.add(expected.digest);
  }

  /** The same content may have several titles: it is pushed once, so the manifest tells where else it goes. */
  async #pushManifest(expected: Descriptor, content: ByteSource, options: CallOptions): Promise<void> {
    await this.#memory.push(expected, content, options);
    await writingTo(this.#typed, async () => await this.#placeAll(expected, options));
  }

  async #placeAll(expected: Descriptor, options: CallOptions): Promise<void> {
    const bytes = await readAllVerified(await this.#memory.fetch(expected, options), expected, options);
    for (const { descriptor } of decodeManifest(bytes, expected.mediaType).references) {
      const title = titleOf(descriptor);
      if (title === undefined || isManifestMediaType(descriptor.mediaType) || (await this.exists(descriptor, options))) continue;
      const isHere = this.#sources.has(descriptor.digest) || (await this.#memory.exists(descriptor, options));
      if (isHere) await this.#pushTitled(descriptor, title, await this.fetch(descriptor, options), options);
      else if (this.#skipped.has(descriptor.digest)) throw new NotFoundError("blob", descriptor.digest); // it came as no file first
    }
    await this.#target.removeUnfinishedFiles();
  }

  async #pushTitled(expected: Descriptor, title: string, content: ByteSource, options: CallOptions): Promise<void> {
    const parts = titleParts(title);
    const key = titleKey(parts);
    this.#claim(title, key, expected.digest);
    try {
      await this.#target.checkFree(title, parts);
      if (isPacked(expected)) {
        const { limits } = this.#options;
        await this.#target.writeFolder({ title, parts }, expected, content, { ...options, ...(limits && { limits }) });
      } else {
        const path = await this.#target.writeFile({ title, parts }, expected, content, options);
        this.#sources.set(expected.digest, await fileSource(path));
      }
      this.#written.add(key);
    } catch (error) {
      this.#titles.delete(key);
      throw error;
    }
  }

  /** What is there already, and the same, need not be fetched. */
  async #adopt(target: Descriptor, parts: readonly string[], { signal }: CallOptions): Promise<boolean> {
    const path = await this.#target.find(parts);
    const key = titleKey(parts);
    if (path === undefined || this.#titles.has(key)) return false;
    const stats = await stat(path);
    if (!stats.isFile() || stats.size !== target.size) return false;
    const { digest, source } = await describeFile(path, signal);
    if (digest !== target.digest) return false;
    this.#titles.set(key, digest);
    this.#written.add(key);
    this.#sources.set(digest, source);
    return true;
  }

  #claim(title: string, key: string, digest: string): void {
    const other = this.#titles.get(key);
    if (other !== undefined && other !== digest) throw new DuplicateTitleError(title);
    this.#titles.set(key, digest);
  }

  async #pack(path: string, name: string, signal: AbortSignal | undefined): Promise<DescribedFile> {
    const packed = await describeFolder(path, name, { ...this.#options, ...(signal && { signal }) });
    this.#packed.push(packed);
    return packed;
  }
}
