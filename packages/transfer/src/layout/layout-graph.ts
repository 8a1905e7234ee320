import {
  BerthError,
  type CallOptions,
  decodeManifest,
  type Descriptor,
  type Digest,
  isManifestMediaType,
  type Manifest,
  successorsOf,
} from "@berth/oci";
import { readAllVerified } from "@berth/oci/node";
import { ReverseIndex } from "../memory/reverse-index.ts";
import type { BlobFiles } from "./blob-files.ts";
import { coalesced } from "./coalesced.ts";
import type { LayoutIndex } from "./index-json.ts";
import type { IndexStore } from "./index-store.ts";

/** Manifests that are read at the same time. */
const READS = 16;

/** What is wrong with a manifest that cannot be read, while others can. */
const BAD: ReadonlySet<string> = new Set(["ERR_NOT_FOUND", "ERR_INVALID_MANIFEST", "ERR_DIGEST_MISMATCH", "ERR_SIZE_MISMATCH"]);

/** Limits of {@link LayoutGraph}. */
export interface LayoutGraphOptions {
  /** Bytes of one manifest. */
  readonly maxManifestBytes: number;
  /** Manifests in all. */
  readonly maxManifests: number;
}

/**
 * Who points at what in a layout. The manifests that `index.json` leads to are read when it is asked for the first time, those that came
 * since when it is asked again; each is read once.
 */
export class LayoutGraph {
  readonly #index: IndexStore;
  readonly #blobs: BlobFiles;
  readonly #options: LayoutGraphOptions;
  readonly #graph: ReverseIndex;
  readonly #update = coalesced(async () => await this.#readNew());
  #known: { readonly index: LayoutIndex; readonly roots: ReadonlySet<Digest> } | undefined;

  constructor(index: IndexStore, blobs: BlobFiles, options: LayoutGraphOptions) {
    this.#index = index;
    this.#blobs = blobs;
    this.#options = options;
    this.#graph = new ReverseIndex(options.maxManifests);
  }

  /** Takes note of a manifest that is there. */
  add(descriptor: Descriptor, manifest: Manifest): void {
    this.#graph.add(descriptor, manifest);
  }

  /** Forgets a manifest. */
  remove(digest: Digest): void {
    this.#graph.remove(digest);
  }

  /** True when `index.json` leads to a manifest. */
  async leadsTo(digest: Digest, options: CallOptions = {}): Promise<boolean> {
    const roots = await this.#roots(options);
    if (roots.has(digest)) return true;
    await this.#refresh(options);
    return this.#isReachable(digest, roots);
  }

  /** The manifests that point at content, that are there, and that `index.json` leads to. */
  async predecessors(digest: Digest, options: CallOptions = {}): Promise<readonly Descriptor[]> {
    await this.#refresh(options);
    const roots = await this.#roots(options);
    const above = this.#graph.predecessors(digest).filter((found) => this.#isReachable(found.digest, roots));
    return above.filter((found) => this.#blobs.has(found));
  }

  /** Reads a manifest. @throws {NotFoundError} @throws {InvalidManifestError} @throws {LimitExceededError} */
  async read(node: Descriptor, { signal }: CallOptions = {}): Promise<Manifest> {
    const call = { ...(signal && { signal }) };
    const stream = await this.#blobs.fetch(node, { ...call, verify: false }); // verified right below
    const bytes = await readAllVerified(stream, node, { ...call, maxBytes: this.#options.maxManifestBytes });
    return decodeManifest(bytes, node.mediaType);
  }

  async #roots(options: CallOptions): Promise<ReadonlySet<Digest>> {
    const index = await this.#index.read(options);
    if (this.#known?.index !== index) this.#known = { index, roots: new Set(index.entries.map(({ descriptor }) => descriptor.digest)) };
    return this.#known.roots;
  }

  #isReachable(digest: Digest, roots: ReadonlySet<Digest>): boolean {
    const seen = new Set([digest]);
    for (const one of seen) {
      if (roots.has(one)) return true;
      for (const above of this.#graph.predecessors(one)) seen.add(above.digest); // a set goes on with what is added to it
    }
    return false;
  }

  async #refresh({ signal }: CallOptions): Promise<void> {
    signal?.throwIfAborted();
    await this.#update();
    signal?.throwIfAborted();
  }

  /** Reads what is not known yet, level by level from the top down. */
  async #readNew(): Promise<void> {
    const { entries } = await this.#index.read();
    const seen = new Set<Digest>();
    for (let level = entries.map(({ descriptor }) => descriptor); level.length > 0; ) {
      const news = level.filter(({ digest, mediaType }) => isManifestMediaType(mediaType) && !this.#graph.has(digest) && !seen.has(digest));
      for (const { digest } of news) seen.add(digest);
      const next: Descriptor[] = [];
      for (let at = 0; at < news.length; at += READS) {
        const below = await Promise.all(news.slice(at, at + READS).map(async (node) => await this.#readNode(node)));
        next.push(...below.flat());
      }
      level = next;
    }
  }

  /** Reads one manifest and gives what it points at. One that is missing or bad points at nothing: `check()` tells about it. */
  async #readNode(node: Descriptor): Promise<readonly Descriptor[]> {
    try {
      const manifest = await this.read(node);
      this.#graph.add(node, manifest);
      return successorsOf(manifest);
    } catch (error) {
      if (BerthError.is(error) && BAD.has(error.code)) return [];
      throw error;
    }
  }
}
