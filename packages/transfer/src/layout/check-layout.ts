import {
  type CallOptions,
  type Descriptor,
  type Digest,
  DigestMismatchError,
  isForeignLayerMediaType,
  MEDIA_TYPES,
  NotFoundError,
  SizeMismatchError,
} from "@berth/oci";
import type { BlobFile, BlobFiles } from "./blob-files.ts";
import type { LayoutParts } from "./layout-parts.ts";
import { Reach, type Reached } from "./reach.ts";

/** Options of {@link OciLayout.check}. */
export interface CheckLayoutOptions extends CallOptions {
  /** Whether all content is read and hashed; default true. Otherwise only what is there, and its sizes. */
  readonly verify?: boolean;
}

/** Something that is wrong with a layout. */
export interface LayoutProblem {
  /**
   * - `malformed-entry`: an entry of `index.json` that cannot be read
   * - `dangling-entry`: one that leads to nothing
   * - `missing`: content that a manifest needs
   * - `missing-child`: a manifest that an index lists, which is allowed: somebody took a part of the platforms
   * - `wrong-digest`, `wrong-size`: content that is not what its name or its descriptor says
   * - `unreadable`: a manifest that breaks the rules of its type
   */
  readonly kind: "malformed-entry" | "dangling-entry" | "missing" | "missing-child" | "wrong-digest" | "wrong-size" | "unreadable";
  /** Of the content; undefined for an entry that cannot be read. */
  readonly digest?: Digest;
  /** The manifest that points at it. */
  readonly from?: Digest;
  /** What was found, for people. */
  readonly message: string;
}

/** What {@link OciLayout.check} found. */
export interface LayoutCheck {
  readonly problems: readonly LayoutProblem[];
  /** Content that is there. */
  readonly blobs: number;
  /** Bytes. */
  readonly bytes: number;
}

/** See {@link OciLayout.check}. */
export async function checkLayout(parts: LayoutParts, options: CheckLayoutOptions = {}): Promise<LayoutCheck> {
  const { verify = true, signal } = options;
  const call = { ...(signal && { signal }) };
  const { items, entries } = await parts.index.read(call);
  const problems: LayoutProblem[] = items.flatMap(({ descriptor }, at) =>
    descriptor === undefined ? [{ kind: "malformed-entry", message: `entry ${at} of index.json cannot be read` }] : [],
  );
  const reach = new Reach((node, read) => parts.graph.read(node, read), parts);
  await reach.add(
    entries.map(({ descriptor }) => descriptor),
    call,
  );
  for (const reached of reach.reached.values()) problems.push(...(await checkReached(parts.blobs, reached)));
  for (const { descriptor, error } of reach.unread) {
    if (error.code === "ERR_SIZE_MISMATCH" || (verify && error.code === "ERR_DIGEST_MISMATCH")) continue; // told as content
    const kind = error.code === "ERR_DIGEST_MISMATCH" ? "wrong-digest" : "unreadable";
    problems.push({ kind, digest: descriptor.digest, message: error.message });
  }
  const files = { blobs: 0, bytes: 0 };
  for await (const file of parts.blobs.list()) {
    signal?.throwIfAborted();
    files.blobs++;
    files.bytes += file.size;
    if (verify) problems.push(...(await checkContent(parts.blobs, file, call)));
  }
  return { problems, ...files };
}

async function checkReached(blobs: BlobFiles, { kind, descriptor, from }: Reached): Promise<readonly LayoutProblem[]> {
  const { digest, size } = descriptor;
  const where = { digest, ...(from && { from }) };
  const found = blobs.find(digest);
  if (found !== undefined) {
    if (found.size === size) return [];
    return [{ kind: "wrong-size", ...where, message: `"${digest}" has ${found.size} bytes, expected ${size}` }];
  }
  if (kind === "subject" || isElsewhere(descriptor)) return [];
  const missing = kind === "root" ? "dangling-entry" : kind === "child" ? "missing-child" : "missing";
  return [{ kind: missing, ...where, message: `"${digest}" is not there` }];
}

/** Foreign layers may be kept at their `urls` only. */
function isElsewhere({ mediaType, urls = [] }: Descriptor): boolean {
  return isForeignLayerMediaType(mediaType) && urls.length > 0;
}

async function checkContent(blobs: BlobFiles, { digest, size }: BlobFile, call: CallOptions): Promise<readonly LayoutProblem[]> {
  try {
    for await (const _ of await blobs.fetch({ mediaType: MEDIA_TYPES.octetStream, digest, size }, call));
    return [];
  } catch (error) {
    if (error instanceof NotFoundError) return []; // removed in the meantime
    if (!(error instanceof DigestMismatchError || error instanceof SizeMismatchError)) throw error;
    return [{ kind: "wrong-digest", digest, message: error.message }];
  }
}
