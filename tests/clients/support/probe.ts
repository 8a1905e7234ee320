import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { Readable } from "node:stream";
import { layoutBlobPath, type TestImage, type TestUser } from "@berth/testkit/parts";

/** A manifest as the registry serves it. */
export interface ServedManifest {
  readonly status: number;
  /** Computed from the bytes, not taken from a header. */
  readonly digest: string;
  readonly mediaType: string;
  readonly text: string;
  readonly headers: Headers;
}

const MANIFESTS = [
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
].join(", ");

/** Plain HTTP requests straight to the registry: the view that the clients' own is compared with. */
export class Probe {
  readonly #url: string;
  readonly #auth: Readonly<Record<string, string>>;

  constructor(url: string, user?: TestUser) {
    this.#url = url;
    this.#auth = user === undefined ? {} : { authorization: `Basic ${btoa(`${user.username}:${user.password}`)}` };
  }

  /** Any request; the path starts with a slash, or is a whole Location. */
  fetch(path: string, init: RequestInit & { readonly duplex?: "half" } = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    for (const [name, value] of Object.entries(this.#auth)) headers.set(name, value);
    return fetch(new URL(path, this.#url), { ...init, headers, redirect: "manual" });
  }

  /** GET of a manifest by tag or digest. */
  async manifest(repository: string, reference: string): Promise<ServedManifest> {
    const response = await this.fetch(`/v2/${repository}/manifests/${reference}`, { headers: { accept: MANIFESTS } });
    const bytes = new Uint8Array(await response.arrayBuffer());
    return {
      status: response.status,
      digest: sha256(bytes),
      mediaType: response.headers.get("content-type") ?? "",
      text: new TextDecoder().decode(bytes),
      headers: response.headers,
    };
  }

  /** The status of a HEAD of a blob. */
  async blobStatus(repository: string, digest: string): Promise<number> {
    return (await this.fetch(`/v2/${repository}/blobs/${digest}`, { method: "HEAD" })).status;
  }

  /** The digest of the bytes that the registry serves under a digest. */
  async blobDigest(repository: string, digest: string): Promise<string> {
    const response = await this.fetch(`/v2/${repository}/blobs/${digest}`);
    const hash = createHash("sha256");
    const body: AsyncIterable<Uint8Array> = response.body ?? Readable.from([]);
    for await (const chunk of body) hash.update(chunk);
    return `sha256:${hash.digest("hex")}`;
  }

  /** All tags on one page. */
  async tags(repository: string): Promise<readonly string[]> {
    const response = await this.fetch(`/v2/${repository}/tags/list`);
    if (response.status === 404) return [];
    const body: { readonly tags: readonly string[] | null } = JSON.parse(await response.text());
    return body.tags ?? [];
  }

  /** Digests and artifact types of what refers to a manifest. */
  async referrers(repository: string, digest: string): Promise<readonly { readonly digest: string; readonly artifactType?: string }[]> {
    const response = await this.fetch(`/v2/${repository}/referrers/${digest}`);
    if (response.status !== 200) return [];
    const body: { readonly manifests: readonly { readonly digest: string; readonly artifactType?: string }[] } = JSON.parse(
      await response.text(),
    );
    return body.manifests;
  }

  /** Uploads an image of a layout without any client. */
  async seed(image: TestImage, repository: string, tag: string): Promise<void> {
    for (const blob of image.blobs) {
      const started = await this.fetch(`/v2/${repository}/blobs/uploads/`, { method: "POST" });
      const location = new URL(started.headers.get("location") ?? "", this.#url);
      location.searchParams.set("digest", blob.digest);
      const body = await readFile(layoutBlobPath(image.path, blob.digest));
      const stored = await this.fetch(location.href, { method: "PUT", body, headers: { "content-type": "application/octet-stream" } });
      expectStatus(stored, 201);
    }
    const headers = { "content-type": image.manifest.mediaType };
    expectStatus(
      await this.fetch(`/v2/${repository}/manifests/${tag}`, { method: "PUT", body: image.manifest.bytes.slice(), headers }),
      201,
    );
  }
}

/** The sha256 digest of bytes. */
export function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

function expectStatus(response: Response, wanted: number): void {
  if (response.status !== wanted) throw new RangeError(`Registry answered ${response.status}, wanted ${wanted}`);
}
