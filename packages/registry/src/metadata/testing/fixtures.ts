import { createHash } from "node:crypto";
import { type Digest, formatDigest } from "@berth/oci";
import type { BlobInput, BlobRecord, ManifestInput, ManifestReferenceInput } from "../records.ts";
import type { MetadataStore } from "../store.ts";

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const LAYER = "application/vnd.oci.image.layer.v1.tar+gzip";

/** A repository with everything that the repository grammar allows in a name. */
export const REPOSITORY = "team-a/my.app_v2";

/** The sha256 digest of a text. */
export function digestOf(text: string): Digest {
  return formatDigest("sha256", createHash("sha256").update(text).digest("hex"));
}

/** The sha512 digest of a text. */
export function longDigestOf(text: string): Digest {
  return formatDigest("sha512", createHash("sha512").update(text).digest("hex"));
}

/** A blob that was put at its place. */
export function blobInput(content: string, more: Partial<BlobInput> = {}): BlobInput {
  const canonical = digestOf(content);
  return {
    repository: REPOSITORY,
    canonical,
    digest: canonical,
    size: content.length,
    placed: { storageKey: `/blobs/${content}`, generation: 0 },
    ...more,
  };
}

/** Commits a blob and gives its record. */
export async function pushBlob(store: MetadataStore, content: string, more: Partial<BlobInput> = {}): Promise<BlobRecord> {
  const result = await store.commitBlob(blobInput(content, more));
  if (result.outcome !== "linked") throw new Error(`Cannot push blob "${content}": ${result.outcome}`);
  return result.blob;
}

/** A reference that the manifest needs. */
export function reference(digest: Digest, more: Partial<ManifestReferenceInput> = {}): ManifestReferenceInput {
  return { kind: "layer", digest, mediaType: LAYER, size: 3, required: true, ...more };
}

/** A manifest whose digest is that of `content`. */
export function manifestInput(content: string, more: Partial<ManifestInput> = {}): ManifestInput {
  return {
    repository: REPOSITORY,
    digest: digestOf(content),
    mediaType: MANIFEST,
    payload: new TextEncoder().encode(content),
    references: [],
    tags: [],
    ...more,
  };
}

/** A manifest whose subject is `subject`. */
export function referrerInput(content: string, subject: Digest, more: Partial<ManifestInput> = {}): ManifestInput {
  const references = [reference(subject, { kind: "subject", mediaType: MANIFEST, required: false })];
  return manifestInput(content, { subject, references, ...more });
}

/** Reads a list page by page. */
export async function readPages(read: (last: string | undefined) => Promise<readonly string[]>): Promise<string[]> {
  const all: string[] = [];
  for (;;) {
    const page = await read(all.at(-1));
    if (page.length === 0) return all;
    all.push(...page);
  }
}
