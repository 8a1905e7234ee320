import type { Readable } from "node:stream";
import {
  type ByteSource,
  type CallOptions,
  decodeManifest,
  type Descriptor,
  isDigest,
  isManifestMediaType,
  type ListOptions,
  NotFoundError,
  type Paged,
  type PredecessorFinder,
  type ReadOnlyTarget,
  type ReferrerLister,
  type ReferrersOptions,
  referrersOf,
  type TagLister,
} from "@berth/oci";
import { readAllVerified } from "@berth/oci/node";
import { decodeIndex } from "../layout/index-json.ts";
import { findByName, findOnly, namesOf, withoutNames } from "../layout/names.ts";
import { pagedItems, pagedTexts } from "../memory/paged.ts";
import { ReverseIndex } from "../memory/reverse-index.ts";
import { type BlobReader, createBlobReader, type FetchEntryOptions } from "./blob-reader.ts";
import { InvalidArchiveError, naming } from "./errors.ts";
import { parseArchiveJson } from "./json.ts";
import { type OpenArchiveOptions, openTarFile, type TarFile } from "./tar-file.ts";

/** The index of the layout has as many entries as it likes, within its bytes. */
const MAX_ENTRIES = 100_000;

/** An OCI image layout in one tar file, open to be read. */
export interface OciArchive extends ReadOnlyTarget, TagLister, PredecessorFinder, ReferrerLister, AsyncDisposable {
  /** What `index.json` lists, in its order. */
  readonly manifests: readonly Descriptor[];
  /**
   * Finds an image by its name in the archive, by a whole image name, by the tag of one, or by the digest of anything that it holds;
   * "" is the only image.
   *
   * @throws {NotFoundError} @throws {AmbiguousNameError}
   */
  resolve(reference: string, options?: CallOptions): Promise<Descriptor>;
  /** Lets go of the file. Streams that are still open fail. */
  close(): Promise<void>;
}

/**
 * Opens an OCI archive, as skopeo, podman, buildx and docker write it; also one that is compressed with gzip or zstd.
 *
 * @param from a path, or the bytes themselves: these go through a temporary file.
 * @throws {InvalidArchiveError} when it is no such archive. @throws {LimitExceededError}
 * @throws the error of the file system when there is no such file.
 * @see OCI image-spec, image-layout.md
 *
 * @example
 * ```ts
 * await using archive = await openOciArchive("debian.tar");
 * const image = await archive.resolve("12");
 * ```
 */
export async function openOciArchive(from: string | ByteSource, options: OpenArchiveOptions = {}): Promise<OciArchive> {
  return await naming(from, async () => {
    const tar = await openTarFile(from, options);
    try {
      return await readLayout(tar, options.signal);
    } catch (error) {
      await tar.close();
      throw error;
    }
  });
}

/** The layout within an archive that is open. The archive is closed with it. */
export async function readLayout(tar: TarFile, signal?: AbortSignal): Promise<OciArchive> {
  const layout = tar.entries.get("oci-layout");
  if (layout === undefined) throw new InvalidArchiveError("it is no OCI archive: oci-layout is missing");
  const { imageLayoutVersion: version } = parseArchiveJson(await tar.readWhole(layout, signal), "oci-layout");
  if (typeof version !== "string" || !version.startsWith("1.")) throw new InvalidArchiveError("its layout is of another version than 1");
  const index = tar.entries.get("index.json");
  if (index === undefined) throw new InvalidArchiveError("index.json is missing");
  const { entries } = decodeIndex(await tar.readWhole(index, signal), MAX_ENTRIES);
  return new LayoutInTar(
    tar,
    entries.map(({ descriptor }) => descriptor),
  );
}

class LayoutInTar implements OciArchive {
  readonly manifests: readonly Descriptor[];
  readonly #tar: TarFile;
  readonly #blobs: BlobReader;
  #graph: Promise<Graph> | undefined;

  constructor(tar: TarFile, manifests: readonly Descriptor[]) {
    this.#tar = tar;
    this.#blobs = createBlobReader(tar);
    this.manifests = manifests;
  }

  async fetch(target: Descriptor, options: FetchEntryOptions = {}): Promise<Readable> {
    return this.#blobs.open(target, options);
  }

  async resolve(reference: string, options: CallOptions = {}): Promise<Descriptor> {
    options.signal?.throwIfAborted();
    if (reference === "") return withoutNames(findOnly(this.manifests));
    return withoutNames(isDigest(reference) ? await this.#describe(reference, options) : findByName(this.manifests, reference));
  }

  tags(options?: ListOptions): Paged<string> {
    return pagedTexts(() => namesOf(this.manifests), options);
  }

  async predecessors(target: Descriptor, options: CallOptions = {}): Promise<readonly Descriptor[]> {
    return (await this.#readGraph(options)).above.predecessors(target.digest);
  }

  referrers(subject: Descriptor, options: ReferrersOptions = {}): Paged<Descriptor> {
    const store = {
      fetch: (target: Descriptor) => this.fetch(target),
      predecessors: (target: Descriptor, call?: CallOptions) => this.predecessors(target, call),
    };
    return pagedItems(() => referrersOf(store, subject, { ...options, maxMetadataBytes: this.#tar.limits.maxMetadataBytes }));
  }

  async close(): Promise<void> {
    await this.#tar.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #describe(digest: string, options: CallOptions): Promise<Descriptor> {
    const found = this.manifests.find((one) => one.digest === digest) ?? (await this.#readGraph(options)).nodes.get(digest);
    if (found === undefined || !this.#blobs.has(found)) throw new NotFoundError("manifest", digest);
    return found;
  }

  async #readGraph({ signal }: CallOptions): Promise<Graph> {
    this.#graph ??= this.#walk().catch((error: unknown) => {
      this.#graph = undefined; // what failed is tried again
      throw error;
    });
    const graph = await this.#graph;
    signal?.throwIfAborted();
    return graph;
  }

  /** Reads every manifest that is named and there: an image that lacks platforms is no error. */
  async #walk(): Promise<Graph> {
    const { maxManifests, maxMetadataBytes } = this.#tar.limits;
    const above = new ReverseIndex(maxManifests);
    const nodes = new Map<string, Descriptor>(this.manifests.map((one) => [one.digest, one]));
    // a map goes on with what is added to it
    for (const node of nodes.values()) {
      if (!isManifestMediaType(node.mediaType) || !this.#blobs.has(node)) continue;
      const bytes = await readAllVerified(this.#blobs.open(node, { verify: false }), node, { maxBytes: maxMetadataBytes });
      const manifest = decodeManifest(bytes, node.mediaType);
      above.add(node, manifest);
      const named = manifest.references.map(({ descriptor }) => descriptor);
      for (const one of manifest.subject === undefined ? named : [manifest.subject, ...named]) {
        if (!nodes.has(one.digest)) nodes.set(one.digest, one);
      }
    }
    return { nodes, above };
  }
}

/** Everything that is named, by digest, and what names it. */
interface Graph {
  readonly nodes: ReadonlyMap<string, Descriptor>;
  readonly above: ReverseIndex;
}
