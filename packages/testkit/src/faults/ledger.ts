import { createHash } from "node:crypto";

/** What a registry must, must not, or may hold, going by its answers. */
export type Presence = "there" | "gone" | "unsure";

/** A manifest that was pushed. */
export interface LedgerManifest {
  readonly payload: Buffer;
  /** Digests of config and layers. */
  readonly blobs: readonly string[];
}

/** How much was acknowledged: `blobs`, `manifests` and `tags` that were stored, and `deletes` of any of them. */
export interface LedgerTotals {
  blobs: number;
  manifests: number;
  tags: number;
  deletes: number;
}

/**
 * What one repository must hold, kept by its only writer: each change is announced before its request and settled by the answer.
 * What was announced and never answered may have happened or not.
 */
export class RepositoryLedger {
  /** Of the repository. */
  readonly name: string;
  readonly totals: LedgerTotals = { blobs: 0, manifests: 0, tags: 0, deletes: 0 };
  readonly blobs: Map<string, Presence> = new Map();
  readonly manifests: Map<string, Presence> = new Map();
  /** The manifests that a tag may point at; undefined among them: it may be gone. */
  readonly tags: Map<string, Set<string | undefined>> = new Map();
  /** Of all manifests ever pushed here. */
  readonly contents: Map<string, LedgerManifest> = new Map();

  constructor(name: string) {
    this.name = name;
  }

  /** Before a blob is sent. */
  announceBlob(digest: string): void {
    if (this.blobs.get(digest) !== "there") this.blobs.set(digest, "unsure");
  }

  /** After the registry acknowledged it. */
  blobStored(digest: string): void {
    this.blobs.set(digest, "there");
    this.totals.blobs += 1;
  }

  /** Before its delete is sent. */
  announceBlobDelete(digest: string): void {
    this.blobs.set(digest, "unsure");
  }

  /** After the registry acknowledged that. */
  blobDeleted(digest: string): void {
    this.blobs.set(digest, "gone");
    this.totals.deletes += 1;
  }

  /** Before a manifest is sent, with a tag or by digest alone. */
  announceManifest(digest: string, manifest: LedgerManifest, tag: string | undefined): void {
    this.contents.set(digest, manifest);
    if (this.manifests.get(digest) !== "there") this.manifests.set(digest, "unsure");
    if (tag !== undefined) this.#mayPointAt(tag).add(digest);
  }

  /** After the registry acknowledged it. */
  manifestStored(digest: string, tag: string | undefined): void {
    this.manifests.set(digest, "there");
    this.totals.manifests += 1;
    if (tag === undefined) return;
    this.tags.set(tag, new Set([digest]));
    this.totals.tags += 1;
  }

  /** Before its delete is sent, which takes its tags, too. */
  announceManifestDelete(digest: string): void {
    this.manifests.set(digest, "unsure");
    for (const targets of this.tags.values()) if (targets.has(digest)) targets.add(undefined);
  }

  /** After the registry acknowledged that. */
  manifestDeleted(digest: string): void {
    this.manifests.set(digest, "gone");
    this.totals.deletes += 1;
    for (const targets of this.tags.values()) if (targets.delete(digest)) targets.add(undefined);
  }

  /** Before the delete of a tag is sent. */
  announceTagDelete(tag: string): void {
    this.#mayPointAt(tag).add(undefined);
  }

  /** After the registry acknowledged that. */
  tagDeleted(tag: string): void {
    this.tags.set(tag, new Set([undefined]));
    this.totals.deletes += 1;
  }

  /** Whether a manifest that may be there names the blob. */
  isReferenced(blob: string): boolean {
    for (const [digest, presence] of this.manifests) {
      if (presence !== "gone" && this.contents.get(digest)?.blobs.includes(blob) === true) return true;
    }
    return false;
  }

  #mayPointAt(tag: string): Set<string | undefined> {
    let targets = this.tags.get(tag);
    if (targets === undefined) this.tags.set(tag, (targets = new Set([undefined])));
    return targets;
  }
}

/** Adds up what was acknowledged in several repositories. */
export function sumTotals(ledgers: readonly RepositoryLedger[]): LedgerTotals {
  const sum: LedgerTotals = { blobs: 0, manifests: 0, tags: 0, deletes: 0 };
  for (const { totals } of ledgers) {
    sum.blobs += totals.blobs;
    sum.manifests += totals.manifests;
    sum.tags += totals.tags;
    sum.deletes += totals.deletes;
  }
  return sum;
}

/** The sha256 digest of bytes. */
export function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
