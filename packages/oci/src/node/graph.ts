import type { Fetcher } from "../content.ts";
import type { Descriptor } from "../descriptor.ts";
import { decodeManifest } from "../manifest/decode.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { successorsOf } from "../manifest/parts.ts";
import { isManifestMediaType, isSchema1MediaType } from "../media-types.ts";
import { type ReadAllOptions, readAllVerified } from "./verify.ts";

/** The manifests that have successors. */
function isNode({ mediaType }: Descriptor): boolean {
  return isManifestMediaType(mediaType) && !isSchema1MediaType(mediaType);
}

/**
 * What a node of a graph points at; nothing is read for content that is no manifest.
 *
 * @throws {NotFoundError} @throws {InvalidManifestError} @throws {LimitExceededError} when the manifest is larger than `maxBytes`.
 * @see oras-go, content.Successors
 */
export async function successors(store: Fetcher, node: Descriptor, options: ReadAllOptions = {}): Promise<readonly Descriptor[]> {
  return isNode(node) ? successorsOf(await readManifest(store, node, options)) : [];
}

async function readManifest(store: Fetcher, node: Descriptor, options: ReadAllOptions): Promise<Manifest> {
  const stream = await store.fetch(node, options.signal === undefined ? {} : { signal: options.signal });
  return decodeManifest(await readAllVerified(stream, node, options), node.mediaType);
}
