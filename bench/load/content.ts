import { createHash, hash, type Hash, randomBytes } from "node:crypto";
import type { BlobReference } from "./jobs.ts";

/** Content and its digest. */
export interface Content {
  readonly parts: readonly Uint8Array[];
  readonly size: number;
  readonly digest: string;
}

const UNIQUE_BYTES = 16;

/**
 * Gives blobs of one size that differ in their last bytes only: what they have in common is hashed once, so that a
 * digest costs next to nothing while the clock runs.
 */
export class UniqueContent {
  readonly #common: Buffer;
  readonly #hashed: Hash;

  constructor(bytes: number) {
    this.#common = randomBytes(Math.min(bytes - UNIQUE_BYTES, 1 << 20));
    if (bytes > 1 << 20) {
      const block = this.#common;
      this.#common = Buffer.allocUnsafe(bytes - UNIQUE_BYTES);
      for (let at = 0; at < this.#common.length; at += block.length) block.copy(this.#common, at);
    }
    this.#hashed = createHash("sha256").update(this.#common);
  }

  /** Content that was never given before, in this process or another. */
  next(): Content {
    const unique = randomBytes(UNIQUE_BYTES);
    const digest = `sha256:${this.#hashed.copy().update(unique).digest("hex")}`;
    return { parts: [this.#common, unique], size: this.#common.length + UNIQUE_BYTES, digest };
  }
}

/** Media type of {@link imageManifest}. */
export const MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json";

/** An image manifest of one layer, with an annotation that makes it differ from others. */
export function imageManifest(config: BlobReference, layer: BlobReference, note: string): Content {
  const { digest, size } = layer;
  const text = JSON.stringify({
    schemaVersion: 2,
    mediaType: MANIFEST_TYPE,
    config: { mediaType: "application/vnd.oci.image.config.v1+json", digest: config.digest, size: config.size },
    layers: [{ mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", digest, size }],
    annotations: { "org.example.note": note },
  });
  const bytes = Buffer.from(text);
  return { parts: [bytes], size: bytes.length, digest: `sha256:${hash("sha256", bytes)}` };
}
