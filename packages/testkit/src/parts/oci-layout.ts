import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Content of a test image: bytes and what names them. */
export interface TestBlob {
  readonly mediaType: string;
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
  readonly bytes: Uint8Array;
}

/** An image in an OCI layout folder. */
export interface TestImage {
  /** The layout folder, for `oci:PATH:TAG`. */
  readonly path: string;
  readonly tag: string;
  readonly manifest: TestBlob;
  /** Config first, then layers. */
  readonly blobs: readonly Omit<TestBlob, "bytes">[];
}

/** Names bytes by their sha256. */
export function testBlob(mediaType: string, bytes: Uint8Array): TestBlob {
  return { mediaType, digest: `sha256:${createHash("sha256").update(bytes).digest("hex")}`, size: bytes.byteLength, bytes };
}

/** The path of a blob in a layout folder. */
export function layoutBlobPath(layout: string, digest: string): string {
  return join(layout, "blobs", ...digest.split(":"));
}

/** Writes an image into a new layout folder. */
export async function writeLayout(path: string, tag: string, manifest: TestBlob, blobs: readonly TestBlob[]): Promise<TestImage> {
  await mkdir(join(path, "blobs", "sha256"), { recursive: true });
  for (const blob of [manifest, ...blobs]) await writeFile(layoutBlobPath(path, blob.digest), blob.bytes);
  const entry = {
    mediaType: manifest.mediaType,
    digest: manifest.digest,
    size: manifest.size,
    annotations: { "org.opencontainers.image.ref.name": tag },
  };
  await writeFile(join(path, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [entry] }));
  await writeFile(join(path, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  return { path, tag, manifest, blobs: blobs.map(({ mediaType, digest, size }) => ({ mediaType, digest, size })) };
}

interface Described {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** Reads the one image of a layout folder (no index inside). */
export async function readLayout(path: string, tag: string): Promise<TestImage> {
  const index: { readonly manifests: readonly Described[] } = JSON.parse(await readFile(join(path, "index.json"), "utf8"));
  const [entry] = index.manifests;
  if (entry === undefined) throw new RangeError("Cannot read layout: it is empty");
  const bytes = await readFile(layoutBlobPath(path, entry.digest));
  const parsed: { readonly config: Described; readonly layers: readonly Described[] } = JSON.parse(bytes.toString("utf8"));
  return { path, tag, manifest: testBlob(entry.mediaType, bytes), blobs: [parsed.config, ...parsed.layers] };
}
