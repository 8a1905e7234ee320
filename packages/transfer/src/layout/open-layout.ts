import { statSync } from "node:fs";
import { open } from "node:fs/promises";
import { resolve } from "node:path";
import { type CallOptions, InvalidManifestError, type JsonObject, parseJsonObject } from "@berth/oci";
import { BlobFiles } from "./blob-files.ts";
import { type Durability, DurableFiles } from "./durable-files.ts";
import { errnoOf } from "./errno.ts";
import { InvalidLayoutError, LayoutNotFoundError } from "./errors.ts";
import { IndexStore } from "./index-store.ts";
import { Ingest } from "./ingest.ts";
import { LayoutGraph } from "./layout-graph.ts";
import { LayoutPaths } from "./layout-paths.ts";
import { LayoutTarget, type OciLayout } from "./oci-layout.ts";
import { writingTo } from "../no-space.ts";
import { DEFAULT_MAX_MANIFESTS } from "../memory/reverse-index.ts";

/** Options of {@link openLayout}. */
export interface OpenLayoutOptions extends CallOptions {
  /**
   * Whether a folder that is no layout, or is missing, is made one: at once, or with the first content that is pushed; default false. Before
   * that a layout `with-content` reads as an empty one.
   */
  readonly create?: boolean | "with-content";
  /** Whether writing is refused; nothing is made or touched then. Default false. */
  readonly readOnly?: boolean;
  /**
   * Whether what was written is flushed to the disk before a call resolves; default `none`, as with crane, oras and umoci. A flush takes
   * longer than the copy of a small layer, what a layout holds came from somewhere, and content that a loss of power cut short is told by its
   * size and pushed again. Take `full` where the layout is the only place that has it. A process that is killed loses nothing either way.
   */
  readonly durability?: Durability;
  /** Milliseconds that a change of `index.json` waits for other processes; default 60,000. */
  readonly lockTimeoutMs?: number;
  /** Bytes of `index.json`; default 64 MiB. */
  readonly maxIndexBytes?: number;
  /** Entries of `index.json`; default 100,000. */
  readonly maxEntries?: number;
  /** Bytes of one manifest; default 4 MiB. */
  readonly maxManifestBytes?: number;
  /** Manifests that are read to find out who points at what; default 100,000. */
  readonly maxManifests?: number;
}

/** More than any `oci-layout` needs. */
const MAX_LAYOUT_FILE = 65_536;

/**
 * Opens an OCI image layout: a folder that holds images and artifacts, to copy from and to. Several processes may use it at the same time.
 *
 * An empty reference resolves to the only entry of `index.json`, or else to the only one that has a name. Names are read as skopeo, umoci,
 * oras, BuildKit and containerd write them: tags, and whole references.
 *
 * @throws {LayoutNotFoundError} when there is none and `create` is not set. @throws {InvalidLayoutError} @throws {LimitExceededError}
 * @see OCI image-spec, image-layout.md
 * @example
 * ```ts
 * const layout = await openLayout("images", { create: true });
 * for await (const tag of layout.tags()) console.log(tag, (await layout.resolve(tag)).digest);
 * ```
 */
export async function openLayout(folder: string, options: OpenLayoutOptions = {}): Promise<OciLayout> {
  const { create = false, readOnly = false, durability = "none", lockTimeoutMs = 60_000, signal } = options;
  const { maxIndexBytes = 67_108_864, maxEntries = 100_000, maxManifestBytes = 4_194_304, maxManifests = DEFAULT_MAX_MANIFESTS } = options;
  signal?.throwIfAborted();
  const paths = new LayoutPaths(resolve(folder));
  const files = new DurableFiles(paths, durability);
  const blobs = new BlobFiles(paths);
  const isThere = await readLayoutFile(paths);
  if (!isThere && (readOnly || create === false)) throw new LayoutNotFoundError(folder);
  const mayBeMissing = !isThere && create === "with-content";
  const index = new IndexStore(paths, files, { maxIndexBytes, maxEntries, lockTimeoutMs, mayBeMissing });
  const make = async (): Promise<void> => await writingTo(folder, async () => await createLayout(paths, files, index));
  if (!isThere && create === true) await make();
  const { entries } = await index.read({ ...(signal && { signal }) });
  if (mayBeMissing && entries.length > 0) await make(); // one that was not made whole: nothing may be left to be pushed
  const graph = new LayoutGraph(index, blobs, { maxManifestBytes, maxManifests });
  return new LayoutTarget({
    paths,
    typed: folder,
    blobs,
    index,
    graph,
    ingest: new Ingest(paths, files, blobs),
    readOnly,
    maxManifestBytes,
    maxManifests,
    ...(mayBeMissing && { make }),
  });
}

/** The file that makes it a layout comes last, but is written first: on a full disk there is neither it nor an index without it. */
async function createLayout(paths: LayoutPaths, files: DurableFiles, index: IndexStore): Promise<void> {
  await files.makeFolder(paths.blobFolder("sha256"));
  await files.writeWhole(paths.layoutFile, JSON.stringify({ imageLayoutVersion: "1.0.0" }), async () => await index.create());
}

/** False when there is none. */
async function readLayoutFile(paths: LayoutPaths): Promise<boolean> {
  const stats = statSync(paths.layoutFile, { throwIfNoEntry: false });
  if (stats === undefined) return false; // as of every copy into a new one
  if (!stats.isFile()) throw new InvalidLayoutError(paths.root, "oci-layout is no file"); // a pipe would not open
  const bytes = Buffer.alloc(MAX_LAYOUT_FILE);
  let size = 0;
  try {
    await using file = await open(paths.layoutFile);
    size = (await file.read(bytes, 0, bytes.byteLength, 0)).bytesRead;
  } catch (error) {
    const code = errnoOf(error);
    if (code === "ENOENT" || code === "ENOTDIR") return false;
    throw error;
  }
  const version = parse(paths, bytes.subarray(0, size))["imageLayoutVersion"];
  if (typeof version !== "string" || !version.startsWith("1.")) {
    throw new InvalidLayoutError(paths.root, `imageLayoutVersion is ${JSON.stringify(version)?.slice(0, 100)}, expected "1.0.0"`);
  }
  return true;
}

function parse(paths: LayoutPaths, bytes: Uint8Array): JsonObject {
  try {
    return parseJsonObject(bytes);
  } catch (error) {
    if (error instanceof InvalidManifestError) throw new InvalidLayoutError(paths.root, "oci-layout is no JSON object", { cause: error });
    throw error;
  }
}
