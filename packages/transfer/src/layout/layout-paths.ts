import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { type Digest, digestAlgorithm, digestEncoded } from "@berth/oci";

/**
 * Where things are in a layout:
 *
 * ```
 * oci-layout                      says that this is one
 * index.json                      what it holds, by name
 * blobs/sha256/<hex>              content, whole and checked
 * ingest/sha256-<hex>             content that is arriving, or stopped half-way: the next push goes on at its end
 * ingest/sha256-<hex>.lock        who writes it
 * ingest/index.lock               who changes index.json
 * ingest/tmp-<random>             what is renamed into its place next
 * ```
 *
 * Only the first three are of the OCI image-spec; `ingest` is where containerd and oras keep what arrives, too. It goes when it is empty.
 */
export class LayoutPaths {
  /** The folder of the layout. */
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  /** What marks the folder as a layout. */
  get layoutFile(): string {
    return join(this.root, "oci-layout");
  }

  /** What names the content. */
  get indexFile(): string {
    return join(this.root, "index.json");
  }

  /** Who changes the index. */
  get indexLock(): string {
    return join(this.ingest, "index.lock");
  }

  /** The folder of all content. */
  get blobs(): string {
    return join(this.root, "blobs");
  }

  get ingest(): string {
    return join(this.root, "ingest");
  }

  /** The folder of all content of an algorithm. */
  blobFolder(algorithm: string): string {
    return join(this.root, "blobs", algorithm);
  }

  /** Content of a digest. */
  blob(digest: Digest): string {
    return join(this.root, "blobs", digestAlgorithm(digest), digestEncoded(digest));
  }

  /** What a push that stopped left. */
  partial(digest: Digest): string {
    return join(this.root, "ingest", `${digestAlgorithm(digest)}-${digestEncoded(digest)}`);
  }

  /** A new name for what nobody else knows. */
  temporary(): string {
    return join(this.root, "ingest", `tmp-${randomUUID()}`);
  }
}
