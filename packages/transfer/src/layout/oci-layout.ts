import {
  AccessDeniedError,
  type ByteSource,
  bytesSource,
  type ByteStream,
  type CallOptions,
  decodeManifest,
  type Deleter,
  type Descriptor,
  type Digest,
  type GraphTarget,
  InvalidManifestError,
  isDigest,
  isManifestMediaType,
  type ListOptions,
  type Manifest,
  MEDIA_TYPES,
  NotFoundError,
  type Paged,
  type PassingFetcher,
  type ReferrerLister,
  type ReferrersOptions,
  referrersOf,
  type TagLister,
  type Untagger,
} from "@berth/oci";
import { readAllVerified } from "@berth/oci/node";
import { discardSource } from "../memory/discard-source.ts";
import { pagedItems, pagedTexts } from "../memory/paged.ts";
import { writingTo } from "../no-space.ts";
import type { FetchContentOptions } from "./blob-files.ts";
import { type CheckLayoutOptions, checkLayout, type LayoutCheck } from "./check-layout.ts";
import { collectGarbage, type GcOptions, type GcReport } from "./collect-garbage.ts";
import { addEntry, removeBareEntries, removeEntries, tagEntry, untagEntry } from "./index-changes.ts";
import type { LayoutParts } from "./layout-parts.ts";
import { checkName, findByName, findOnly, namesOf, withoutNames } from "./names.ts";

/**
 * An OCI image layout as a place to copy from and to.
 *
 * A manifest that is pushed gets an entry in `index.json`, without a name until it is tagged, so that it stays and is found; the entries
 * of an index's children go again when the index comes, as it leads to them. What no entry leads to is garbage: `exists` says of such a
 * manifest that it is not there, though it can be fetched by digest until it is collected.
 */
export interface OciLayout extends GraphTarget, PassingFetcher, TagLister, ReferrerLister, Untagger, Deleter {
  /** Absolute path. */
  readonly folder: string;
  /** Opens content. Whole content is verified as it is read, unless `verify` is false. */
  fetch(target: Descriptor, options?: FetchContentOptions): Promise<ByteStream>;
  /** As {@link OciLayout.fetch}, in memory that is used again. */
  fetchPassing(target: Descriptor, options?: FetchContentOptions): AsyncGenerator<Uint8Array>;
  /** Stores a manifest and points all of `tags` at it, in one change of `index.json`. */
  pushTags(expected: Descriptor, content: ByteSource, tags: readonly string[], options?: CallOptions): Promise<void>;
  /** Takes back the entries without a name that manifests got when they were pushed by this object; what only those led to is garbage then. */
  withdraw(targets: readonly Descriptor[], options?: CallOptions): Promise<void>;
  /** Describes content by digest; the media type is `application/octet-stream`. @throws {NotFoundError} if absent. */
  stat(digest: Digest, options?: CallOptions): Promise<Descriptor>;
  /**
   * Removes what no entry of `index.json` leads to, and what pushes left that stopped long ago. Nobody changes `index.json` meanwhile.
   *
   * @throws {InvalidLayoutError} when a manifest is there that cannot be read: nobody knows what it needs. Nothing is removed then.
   */
  gc(options?: GcOptions): Promise<GcReport>;
  /** Reads everything and tells what is wrong with it. Nothing is changed. */
  check(options?: CheckLayoutOptions): Promise<LayoutCheck>;
}

interface StoredManifest {
  readonly manifest: Manifest;
  /** False when it was there. */
  readonly isNew: boolean;
}

/** The one implementation of {@link OciLayout}; `openLayout` makes it. */
export class LayoutTarget implements OciLayout {
  readonly #parts: LayoutParts;
  /** Manifests that this object gave entries of their own: those go when it turns out that an index leads there. */
  readonly #added = new Set<Digest>();
  #made: Promise<void> | undefined;

  constructor(parts: LayoutParts) {
    this.#parts = parts;
  }

  get folder(): string {
    return this.#parts.paths.root;
  }

  async fetch(target: Descriptor, options: FetchContentOptions = {}): Promise<ByteStream> {
    return await this.#parts.blobs.fetch(target, options);
  }

  fetchPassing(target: Descriptor, options: FetchContentOptions = {}): AsyncGenerator<Uint8Array> {
    return this.#parts.blobs.fetchPassing(target, options);
  }

  async push(expected: Descriptor, content: ByteSource, options: CallOptions = {}): Promise<void> {
    await writingTo(this.#parts.typed, async () => {
      if (isManifestMediaType(expected.mediaType)) return await this.#pushManifest(expected, content, [], options);
      await this.#writable("push into it").ingest.push(expected, content, options);
      await this.#make();
    });
  }

  async pushTags(expected: Descriptor, content: ByteSource, tags: readonly string[], options: CallOptions = {}): Promise<void> {
    for (const tag of tags) checkName(tag);
    await writingTo(this.#parts.typed, async () => await this.#pushManifest(expected, content, tags, options));
  }

  async #pushManifest(expected: Descriptor, content: ByteSource, tags: readonly string[], options: CallOptions): Promise<void> {
    const { graph, index } = this.#writable("push into it");
    const { manifest, isNew } = await this.#storeManifest(expected, content, options);
    await this.#make();
    graph.add(expected, manifest);
    const isListed = !isNew && (await graph.leadsTo(expected.digest, options));
    const children = new Set(manifest.references.map(({ descriptor }) => descriptor.digest).filter((digest) => this.#added.has(digest)));
    const isBare = !isListed && tags.length === 0;
    if (isListed && children.size === 0 && tags.length === 0) return;
    if (isBare) this.#added.add(expected.digest);
    else if (tags.length > 0) this.#added.delete(expected.digest);
    const target = withoutNames(expected);
    await index.change((before) => {
      const listed = isBare ? addEntry(before, expected) : before;
      return removeBareEntries(
        tags.reduce((made, tag) => tagEntry(made, target, tag), listed),
        children,
      );
    }, options);
    for (const child of children) this.#added.delete(child);
  }

  async withdraw(targets: readonly Descriptor[], options: CallOptions = {}): Promise<void> {
    const added = new Set(targets.map(({ digest }) => digest).filter((digest) => this.#added.has(digest)));
    if (added.size === 0) return;
    const { index, typed } = this.#writable("withdraw from it");
    await writingTo(typed, async () => await index.change((before) => removeBareEntries(before, added), options));
    for (const digest of added) this.#added.delete(digest);
  }

  async exists(target: Descriptor, options: CallOptions = {}): Promise<boolean> {
    options.signal?.throwIfAborted();
    const { blobs, graph, readOnly } = this.#parts;
    if (!(readOnly ? blobs.has(target) : await blobs.keep(target))) return false;
    return !isManifestMediaType(target.mediaType) || (await graph.leadsTo(target.digest, options));
  }

  async stat(digest: Digest, { signal }: CallOptions = {}): Promise<Descriptor> {
    signal?.throwIfAborted();
    const found = this.#parts.blobs.find(digest);
    if (found === undefined) throw new NotFoundError("blob", digest);
    return { mediaType: MEDIA_TYPES.octetStream, digest, size: found.size };
  }

  async resolve(reference: string, options: CallOptions = {}): Promise<Descriptor> {
    const { entries } = await this.#parts.index.read(options);
    const descriptors = entries.map(({ descriptor }) => descriptor);
    if (reference === "") return withoutNames(findOnly(descriptors));
    if (!isDigest(reference)) return withoutNames(findByName(descriptors, reference));
    const found = descriptors.find(({ digest }) => digest === reference);
    return found === undefined ? await this.#describe(reference, options) : withoutNames(found);
  }

  async tag(target: Descriptor, tag: string, options: CallOptions = {}): Promise<void> {
    checkName(tag);
    const { blobs, index } = this.#writable("tag");
    options.signal?.throwIfAborted();
    if (!(await blobs.keep(target))) throw new NotFoundError("manifest", target.digest);
    await this.#make();
    await writingTo(this.#parts.typed, async () => await index.change((before) => tagEntry(before, withoutNames(target), tag), options));
    this.#added.delete(target.digest);
  }

  async untag(tag: string, options: CallOptions = {}): Promise<void> {
    const { index, typed } = this.#writable("untag");
    await writingTo(typed, async () => await index.change((before) => untagEntry(before, tag), options));
  }

  tags(options: ListOptions = {}): Paged<string> {
    const read = async (): Promise<readonly string[]> => {
      const { entries } = await this.#parts.index.read();
      return namesOf(entries.map(({ descriptor }) => descriptor));
    };
    return pagedTexts(read, options);
  }

  async delete(target: Descriptor, options: CallOptions = {}): Promise<void> {
    const { blobs, graph, index, typed } = this.#writable("delete");
    options.signal?.throwIfAborted();
    const { digest, mediaType } = target;
    const { entries } = await index.read(options);
    if (blobs.find(digest) === undefined && !entries.some(({ descriptor }) => descriptor.digest === digest)) {
      throw new NotFoundError(isManifestMediaType(mediaType) ? "manifest" : "blob", digest);
    }
    // first the name, then what it leads to
    await writingTo(typed, async () => await index.change((before) => removeEntries(before, new Set([digest])), options));
    graph.remove(digest);
    this.#added.delete(digest);
    await blobs.remove(digest);
  }

  async predecessors(target: Descriptor, options: CallOptions = {}): Promise<readonly Descriptor[]> {
    return await this.#parts.graph.predecessors(target.digest, options);
  }

  referrers(subject: Descriptor, options: ReferrersOptions = {}): Paged<Descriptor> {
    const { blobs, graph } = this.#parts;
    const store = {
      fetch: async (node: Descriptor) => await blobs.fetch(node, { verify: false }), // verified by who reads it
      predecessors: async ({ digest }: Descriptor) => await graph.predecessors(digest),
    };
    return pagedItems(async () => await referrersOf(store, subject, options), undefined, options.signal);
  }

  async gc(options: GcOptions = {}): Promise<GcReport> {
    return await collectGarbage(options.dryRun === true ? this.#parts : this.#writable("collect garbage"), options);
  }

  async check(options: CheckLayoutOptions = {}): Promise<LayoutCheck> {
    return await checkLayout(this.#parts, options);
  }

  /** Makes it a layout, if it is none yet. */
  async #make(): Promise<void> {
    this.#made ??= this.#parts.make?.().catch((error: unknown) => {
      this.#made = undefined;
      throw error;
    });
    await this.#made;
  }

  /** What is there already is read instead of what was handed in. */
  async #storeManifest(expected: Descriptor, content: ByteSource, options: CallOptions): Promise<StoredManifest> {
    const { blobs, graph, ingest, maxManifestBytes } = this.#parts;
    if (await blobs.keep(expected)) {
      discardSource(content);
      return { manifest: await graph.read(expected, options), isNew: false };
    }
    const bytes = await readAllVerified(content, expected, { ...options, maxBytes: maxManifestBytes });
    const manifest = decodeManifest(bytes, expected.mediaType);
    await ingest.push(expected, bytesSource(bytes), options);
    return { manifest, isNew: true };
  }

  /** Tells a manifest from other content by looking into it: an index need not have entries for its children. */
  async #describe(digest: Digest, options: CallOptions): Promise<Descriptor> {
    const found = await this.stat(digest, options);
    if (found.size > this.#parts.maxManifestBytes) return found;
    const bytes = await readAllVerified(await this.fetch(found, { verify: false }), found);
    try {
      return { ...found, mediaType: decodeManifest(bytes, undefined).mediaType };
    } catch (error) {
      if (error instanceof InvalidManifestError) return found;
      throw error;
    }
  }

  #writable(what: string): LayoutParts {
    if (this.#parts.readOnly) throw new AccessDeniedError(`${what}: layout "${this.folder}" is open for reading only`);
    return this.#parts;
  }
}
