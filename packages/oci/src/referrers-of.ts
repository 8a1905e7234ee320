import type { CallOptions, Fetcher, PredecessorFinder, ReferrerLister } from "./content.ts";
import { type Descriptor, isSameContent } from "./descriptor.ts";
import { computeDigest, digestAlgorithm } from "./digest.ts";
import { DigestMismatchError, LimitExceededError, SizeMismatchError, UnsupportedError } from "./errors.ts";
import { decodeManifest } from "./manifest/decode.ts";
import { effectiveArtifactType } from "./manifest/manifest.ts";
import { isManifestMediaType, MEDIA_TYPES } from "./media-types.ts";

/** Options of {@link referrersOf}. */
export interface ReferrersOfOptions extends CallOptions {
  /** Only referrers of this artifact type. */
  readonly artifactType?: string;
  /** Bytes of one manifest that is read to learn its subject, at most; default 4 MiB. */
  readonly maxMetadataBytes?: number;
}

const WITH_SUBJECT: ReadonlySet<string> = new Set([MEDIA_TYPES.ociManifest, MEDIA_TYPES.ociIndex, MEDIA_TYPES.ociArtifactManifest]);

/**
 * The referrers of a manifest in any store: as the store lists them, or else by reading what points at the manifest and keeping
 * what names it as its subject.
 *
 * @throws {UnsupportedError} when `subject` is no manifest.
 * @throws {DigestMismatchError} @throws {SizeMismatchError} @throws {LimitExceededError} when a manifest that has to be read is bad.
 */
export async function referrersOf(
  store: ReferrerLister | (Fetcher & PredecessorFinder),
  subject: Descriptor,
  options: ReferrersOfOptions = {},
): Promise<readonly Descriptor[]> {
  if (!isManifestMediaType(subject.mediaType)) throw new UnsupportedError(`list referrers of "${subject.mediaType.slice(0, 255)}"`);
  const { artifactType, signal, maxMetadataBytes = 4_194_304 } = options;
  const call = { ...(signal && { signal }) };
  const found: Descriptor[] = [];
  if ("referrers" in store) {
    for await (const one of store.referrers(subject, { ...call, ...(artifactType && { artifactType }) })) found.push(one);
    return found;
  }
  for (const node of await store.predecessors(subject, call)) {
    if (!WITH_SUBJECT.has(node.mediaType)) continue;
    const manifest = decodeManifest(await readWhole(store, node, maxMetadataBytes, call), node.mediaType);
    if (manifest.subject === undefined || !isSameContent(manifest.subject, subject)) continue;
    const type = effectiveArtifactType(manifest);
    if (artifactType && type !== artifactType) continue;
    found.push({ ...node, ...(type && { artifactType: type }), ...(manifest.annotations && { annotations: manifest.annotations }) });
  }
  return found;
}

async function readWhole(store: Fetcher, node: Descriptor, limit: number, call: CallOptions): Promise<Uint8Array> {
  if (node.size > limit) throw new LimitExceededError({ what: `manifest of ${node.size} bytes`, limit });
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of await store.fetch(node, call)) {
    size += chunk.byteLength;
    if (size > node.size) throw new SizeMismatchError({ expected: node.size, actual: size });
    chunks.push(chunk);
  }
  if (size !== node.size) throw new SizeMismatchError({ expected: node.size, actual: size });
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  const actual = await computeDigest(bytes, digestAlgorithm(node.digest));
  if (actual !== node.digest) throw new DigestMismatchError({ expected: node.digest, actual });
  return bytes;
}
