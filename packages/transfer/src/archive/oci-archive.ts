import type { Readable } from "node:stream";
import {
  type ByteSource,
  type CallOptions,
  decodeManifest,
  type Descriptor,
  type FetchOptions,
  isDigest,
  type ListOptions,
  MEDIA_TYPES,
  NotFoundError,
  type Paged,
  type PredecessorFinder,
  type ReadOnlyTarget,
  type ReferrerLister,
  type ReferrersOptions,
  type TagLister,
} from "@berth/oci";
import { listReferrers } from "@berth/oci/node";
import { createBlobReader, type BlobReader } from "./blob-reader.ts";
import { AmbiguousReferenceError, InvalidArchiveError } from "./errors.ts";
import { type ManifestGraph, readGraph } from "./graph.ts";
import { parseArchiveJson } from "./json.ts";
import { byBytes, CONTAINERD_NAME, namesOf, normalName, REF_NAME } from "./names.ts";
import { pagedList } from "./paged.ts";
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
   * @throws {NotFoundError} @throws {AmbiguousReferenceError}
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
  const tar = await openTarFile(from, options);
  try {
    return await readLayout(tar, options.signal);
  } catch (error) {
    await tar.close();
    throw error;
  }
}

/** The layout within an archive that is open. The archive is closed with it. */
export async function readLayout(tar: TarFile, signal?: AbortSignal): Promise<OciArchive> {
  const layout = tar.entries.get("oci-layout");
  if (layout === undefined) throw new InvalidArchiveError("it is no OCI archive: oci-layout is missing");
  const { imageLayoutVersion: version } = parseArchiveJson(await tar.readWhole(layout, signal), "oci-layout");
  if (typeof version !== "string" || !version.startsWith("1.")) throw new InvalidArchiveError("its layout is of another version than 1");
  const index = tar.entries.get("index.json");
  if (index === undefined) throw new InvalidArchiveError("index.json is missing");
  const decoded = decodeManifest(await tar.readWhole(index, signal), MEDIA_TYPES.ociIndex, { maxReferences: MAX_ENTRIES });
  if (decoded.kind !== "index") throw new InvalidArchiveError("index.json is no index");
  return new LayoutInTar(tar, decoded.manifests);
}

class LayoutInTar implements OciArchive {
  readonly manifests: readonly Descriptor[];
  readonly #tar: TarFile;
  readonly #blobs: BlobReader;
  #graph: Promise<ManifestGraph> | undefined;

  constructor(tar: TarFile, manifests: readonly Descriptor[]) {
    this.#tar = tar;
    this.#blobs = createBlobReader(tar);
    this.manifests = manifests;
  }

  async fetch(target: Descriptor, options: FetchOptions = {}): Promise<Readable> {
    return this.#blobs.open(target, options);
  }

  async resolve(reference: string, options: CallOptions = {}): Promise<Descriptor> {
    options.signal?.throwIfAborted();
    if (isDigest(reference)) {
      const found = this.manifests.find(({ digest }) => digest === reference) ?? (await this.#readGraph(options)).nodes.get(reference);
      if (found === undefined || !this.#blobs.has(found)) throw new NotFoundError("manifest", reference);
      return plain(found);
    }
    return plain(choose(reference, this.#named(reference)));
  }

  tags({ last = "", pageSize }: ListOptions = {}): Paged<string> {
    const names = new Set(this.manifests.flatMap((entry) => namesOf(entry).slice(0, 1)));
    return pagedList(async () => [...names].filter((name) => byBytes(name, last) > 0).sort(byBytes), pageSize);
  }

  async predecessors(target: Descriptor, options: CallOptions = {}): Promise<readonly Descriptor[]> {
    return (await this.#readGraph(options)).predecessors.get(target.digest) ?? [];
  }

  referrers(subject: Descriptor, options: ReferrersOptions = {}): Paged<Descriptor> {
    const store = {
      fetch: (target: Descriptor, call?: FetchOptions) => this.fetch(target, call),
      predecessors: (target: Descriptor, call?: CallOptions) => this.predecessors(target, call),
    };
    return pagedList(() => listReferrers(store, subject, { ...options, maxBytes: this.#tar.limits.maxMetadataBytes }));
  }

  async close(): Promise<void> {
    await this.#tar.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** The entries that a name fits: the name itself, else the same name in another spelling, else the tag of a whole name. */
  #named(reference: string): readonly Descriptor[] {
    if (reference === "") return this.manifests;
    const equal = this.manifests.filter((entry) => namesOf(entry).includes(reference));
    if (equal.length > 0) return equal;
    const normal = normalName(reference);
    const same = this.manifests.filter((entry) => namesOf(entry).some((name) => normal !== undefined && normalName(name) === normal));
    if (same.length > 0) return same;
    return this.manifests.filter((entry) => namesOf(entry).some((name) => name.endsWith(`:${reference}`)));
  }

  async #readGraph({ signal }: CallOptions): Promise<ManifestGraph> {
    const store = { has: (node: Descriptor) => this.#blobs.has(node), fetch: (node: Descriptor) => this.fetch(node) };
    const reading = (this.#graph ??= readGraph(store, this.manifests, { ...this.#tar.limits }));
    reading.catch(() => (this.#graph = undefined)); // what failed is tried again
    const graph = await reading;
    signal?.throwIfAborted();
    return graph;
  }
}

/** The one entry there is. The same content under several names is one. */
function choose(reference: string, found: readonly Descriptor[]): Descriptor {
  const [first] = found;
  if (first === undefined) throw new NotFoundError("tag", reference);
  if (found.every(({ digest }) => digest === first.digest)) return first;
  throw new AmbiguousReferenceError(
    reference,
    found.map((entry) => namesOf(entry)[0] ?? entry.digest),
  );
}

/** Without what belongs to its place in the list: the name. */
function plain({ annotations, ...descriptor }: Descriptor): Descriptor {
  const rest = Object.entries(annotations ?? {}).filter(([key]) => key !== REF_NAME && key !== CONTAINERD_NAME);
  return rest.length === 0 ? descriptor : { ...descriptor, annotations: Object.fromEntries(rest) };
}
