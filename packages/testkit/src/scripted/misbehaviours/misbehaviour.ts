import type { ByteSource } from "@berth/oci";
import { type BlobFixture, blobFixture } from "../../images/layer.ts";
import { imageManifest, type ManifestFixture } from "../../images/manifest.ts";
import type { ScriptedRegistry, ScriptedReply } from "../scripted-registry.ts";

/** What a client is to do with a registry that misbehaves. Names and content are those of {@link CONTENT}. */
export type Ask =
  | "ping"
  | "resolve tag"
  | "resolve digest"
  | "fetch blob"
  | "fetch blob from offset 4"
  | "fetch manifest by tag"
  | "fetch manifest by digest"
  | "push blob"
  | "push blob in chunks"
  | "mount blob"
  | "push manifest"
  | "list tags"
  | "list repositories"
  | "list referrers"
  | "delete manifest";

/** One way of a registry to misbehave. */
export interface Misbehaviour {
  /** In words that fit behind "a registry that". */
  readonly name: string;
  readonly ask: Ask;
  /** It keeps silent: a client ends this by its limits on time only. */
  readonly silent?: boolean;
  /** Tells the registry what to answer. */
  arrange(registry: ScriptedRegistry): void;
}

/** A blob and a manifest of the repository that all of them are asked about. */
export const CONTENT: {
  readonly repository: "team/app";
  readonly tag: "1";
  readonly blob: BlobFixture;
  readonly manifest: ManifestFixture;
} = (() => {
  const blob = blobFixture("application/octet-stream", Buffer.from("the bytes that were promised"));
  const config = blobFixture("application/vnd.oci.image.config.v1+json", Buffer.from("{}"));
  const manifest = imageManifest({ config: config.descriptor, layers: [blob.descriptor] });
  return { repository: "team/app", tag: "1", blob, manifest };
})();

const BASE = `/v2/${CONTENT.repository}`;

/** Paths of the content. */
export const PATHS = {
  ping: "/v2/",
  blob: `${BASE}/blobs/${CONTENT.blob.descriptor.digest}`,
  uploads: `${BASE}/blobs/uploads/`,
  upload: `${BASE}/blobs/uploads/1`,
  tag: `${BASE}/manifests/${CONTENT.tag}`,
  manifest: `${BASE}/manifests/${CONTENT.manifest.descriptor.digest}`,
  tags: `${BASE}/tags/list`,
  catalog: "/v2/_catalog",
  referrers: `${BASE}/referrers/${CONTENT.manifest.descriptor.digest}`,
};

/** A well-formed digest of nothing that is there. */
export const OTHER_DIGEST: string = `sha256:${"1".repeat(64)}`;

/** An answer with the manifest as it should be, to be spoilt. */
export function manifestReply(more: ScriptedReply = {}): ScriptedReply {
  const { descriptor, bytes } = CONTENT.manifest;
  return {
    body: bytes,
    ...more,
    headers: { "content-type": descriptor.mediaType, "docker-content-digest": descriptor.digest, ...more.headers },
  };
}

/** Blanks, for ever. */
export async function* endless(start = ""): ByteSource & AsyncGenerator<Uint8Array> {
  const block = Buffer.alloc(64 * 1024, " ");
  yield Buffer.from(start);
  for (;;) {
    yield block;
    await new Promise(setImmediate);
  }
}
