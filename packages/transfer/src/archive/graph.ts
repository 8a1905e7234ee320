import {
  type CallOptions,
  decodeManifest,
  type Descriptor,
  type Fetcher,
  isManifestMediaType,
  LimitExceededError,
  successorsOf,
} from "@berth/oci";
import { readAllVerified } from "@berth/oci/node";

/** What points at what. */
export interface ManifestGraph {
  /** Everything that is named, by digest; content need not be there. */
  readonly nodes: ReadonlyMap<string, Descriptor>;
  /** The manifests that point at a digest. */
  readonly predecessors: ReadonlyMap<string, readonly Descriptor[]>;
}

/** Options of {@link readGraph}. */
export interface ReadGraphOptions extends CallOptions {
  /** Manifests that are read, at most. */
  readonly maxManifests: number;
  /** Bytes of one manifest. */
  readonly maxMetadataBytes: number;
}

/** Content by descriptor, and whether it is there. */
export interface GraphStore extends Fetcher {
  has(target: Descriptor): boolean;
}

/**
 * Reads every manifest that can be reached from `roots` and is there: an image that lacks platforms is no error.
 *
 * @throws {InvalidManifestError} @throws {LimitExceededError} @throws {DigestMismatchError}
 */
export async function readGraph(store: GraphStore, roots: readonly Descriptor[], options: ReadGraphOptions): Promise<ManifestGraph> {
  const nodes = new Map<string, Descriptor>();
  const predecessors = new Map<string, Descriptor[]>();
  const waiting = [...roots];
  let read = 0;
  for (let node = waiting.shift(); node !== undefined; node = waiting.shift()) {
    if (nodes.has(node.digest)) continue;
    nodes.set(node.digest, node);
    if (!isManifestMediaType(node.mediaType) || !store.has(node)) continue;
    if (++read > options.maxManifests) throw new LimitExceededError({ what: "archive of more manifests", limit: options.maxManifests });
    const call = options.signal === undefined ? {} : { signal: options.signal };
    const bytes = await readAllVerified(await store.fetch(node, call), node, { ...call, maxBytes: options.maxMetadataBytes });
    for (const child of successorsOf(decodeManifest(bytes, node.mediaType))) {
      const above = predecessors.get(child.digest);
      if (above === undefined) predecessors.set(child.digest, [node]);
      else if (!above.includes(node)) above.push(node);
      waiting.push(child);
    }
  }
  return { nodes, predecessors };
}
