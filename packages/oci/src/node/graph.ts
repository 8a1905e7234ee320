import type { Fetcher, PredecessorFinder, ReferrerLister, ReferrersOptions } from "../content.ts";
import { type Descriptor, isSameContent } from "../descriptor.ts";
import { UnsupportedError } from "../errors.ts";
import { decodeManifest } from "../manifest/decode.ts";
import { effectiveArtifactType, type Manifest } from "../manifest/manifest.ts";
import { successorsOf } from "../manifest/parts.ts";
import { isManifestMediaType, isSchema1MediaType, MEDIA_TYPES } from "../media-types.ts";
import { type ReadAllOptions, readAllVerified } from "./verify.ts";

/** The manifests that have successors. */
function isNode({ mediaType }: Descriptor): boolean {
  return isManifestMediaType(mediaType) && !isSchema1MediaType(mediaType);
}

/** The manifests that may have a subject. */
const WITH_SUBJECT: ReadonlySet<string> = new Set([MEDIA_TYPES.ociManifest, MEDIA_TYPES.ociIndex, MEDIA_TYPES.ociArtifactManifest]);

/**
 * What a node of a graph points at; nothing is read for content that is no manifest.
 *
 * @throws {NotFoundError} @throws {InvalidManifestError} @throws {LimitExceededError} when the manifest is larger than `maxBytes`.
 * @see oras-go, content.Successors
 */
export async function successors(store: Fetcher, node: Descriptor, options: ReadAllOptions = {}): Promise<readonly Descriptor[]> {
  return isNode(node) ? successorsOf(await readManifest(store, node, options)) : [];
}

/**
 * The manifests whose subject is `subject`, with their artifact types and annotations. A store that lists referrers is asked for them, for
 * any other one the predecessors are looked through.
 *
 * @throws {UnsupportedError} when `subject` is no manifest.
 * @see oras-go, registry.Referrers
 */
export async function listReferrers(
  store: Fetcher & PredecessorFinder & Partial<ReferrerLister>,
  subject: Descriptor,
  { artifactType, ...options }: ReferrersOptions & Pick<ReadAllOptions, "maxBytes"> = {},
): Promise<readonly Descriptor[]> {
  if (!isNode(subject)) throw new UnsupportedError(`list referrers of content of type "${subject.mediaType}"`);
  const call = { ...(options.signal && { signal: options.signal }) };
  if (store.referrers !== undefined) {
    return await Array.fromAsync(store.referrers(subject, artifactType === undefined ? call : { ...call, artifactType }));
  }
  const found: Descriptor[] = [];
  for (const node of await store.predecessors(subject, call)) {
    if (!WITH_SUBJECT.has(node.mediaType)) continue;
    const manifest = await readManifest(store, node, options);
    if (manifest.subject === undefined || !isSameContent(manifest.subject, subject)) continue;
    const type = effectiveArtifactType(manifest);
    if (artifactType !== undefined && artifactType !== type) continue;
    found.push({ ...node, ...(type && { artifactType: type }), ...(manifest.annotations && { annotations: manifest.annotations }) });
  }
  return found;
}

async function readManifest(store: Fetcher, node: Descriptor, options: ReadAllOptions): Promise<Manifest> {
  const stream = await store.fetch(node, options.signal === undefined ? {} : { signal: options.signal });
  return decodeManifest(await readAllVerified(stream, node, options), node.mediaType);
}
