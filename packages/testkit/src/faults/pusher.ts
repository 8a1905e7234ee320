import { type Answer, call, type Call, ConnectionLostError, errorCode } from "./call.ts";
import { type RepositoryLedger, sha256 } from "./ledger.ts";
import type { Random } from "./random.ts";
import { ChunkedUpload, type UploadPeer } from "./chunked-upload.ts";

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const CONFIG = "application/vnd.oci.image.config.v1+json";
const LAYER = "application/vnd.oci.image.layer.v1.tar+gzip";
const TAGS = ["latest", "v1", "v2", "edge"];
const KEPT_CONTENTS = 24;

/** Where and how a {@link Pusher} pushes. */
export interface PusherOptions {
  readonly ledger: RepositoryLedger;
  readonly random: Random;
  /** The address of a server that is up; asked before each request. */
  readonly entry: () => Promise<string>;
  /** Statuses that a server in trouble may answer at any time, such as 503. The request was not carried out then. */
  readonly mayRefuse?: readonly number[];
  /** Blobs of other repositories that may be mounted. */
  readonly mountable: () => readonly { readonly repository: string; readonly digest: string }[];
  /** Bytes of the largest layers; default 3 MiB. */
  readonly maxLayerBytes?: number;
}

/** A server in trouble said so. */
class RefusedError extends Error {
  override readonly name = "RefusedError";
}

/**
 * Pushes images into one repository in all the ways that clients have, moves tags and deletes, and enters every answer in the ledger.
 * An answer that no registry should give goes to `complaints`.
 */
export class Pusher implements UploadPeer {
  readonly complaints: string[] = [];
  readonly #options: PusherOptions;
  readonly #ledger: RepositoryLedger;
  readonly #random: Random;
  /** Content pushed before, to be pushed again. */
  readonly #contents: Buffer[] = [];
  #refusals = 0;
  #losses = 0;

  constructor(options: PusherOptions) {
    this.#options = options;
    this.#ledger = options.ledger;
    this.#random = options.random;
  }

  /** Requests that were refused by a server in trouble. */
  get refusals(): number {
    return this.#refusals;
  }

  /** Requests whose answer never came. */
  get losses(): number {
    return this.#losses;
  }

  /** One image, and at times a delete. Returns normally when the connection was lost on the way. */
  async step(): Promise<void> {
    try {
      const layers: Buffer[] = [];
      for (let count = 1 + this.#random.int(3); count > 0; count--) layers.push(await this.#pushLayer());
      const mounted = this.#random.chance(0.3) ? await this.#mount() : undefined;
      await this.#pushImage(layers, mounted);
      if (this.#random.chance(0.15)) await this.#deleteSomething();
    } catch (error) {
      if (error instanceof ConnectionLostError) this.#losses += 1;
      else if (error instanceof RefusedError) this.#refusals += 1;
      else throw error;
    }
  }

  async send(path: string, options: Call = {}): Promise<Answer> {
    const answer = await call(new URL(path, await this.#options.entry()), options);
    if (this.#options.mayRefuse?.includes(answer.status) === true) throw new RefusedError(`${answer.status}`);
    return answer;
  }

  complain(what: string, answer: Answer): void {
    this.complaints.push(
      `${this.#ledger.name}: ${what}: ${answer.status} ${errorCode(answer) ?? ""} ${answer.body.subarray(0, 300).toString("utf8")}`,
    );
  }

  async #pushLayer(): Promise<Buffer> {
    const known = this.#random.chance(0.2) ? this.#random.pick(this.#contents) : undefined;
    const content = known ?? this.#random.bytes(this.#layerSize());
    if (known === undefined && content.byteLength < 100_000) {
      this.#contents.push(content);
      if (this.#contents.length > KEPT_CONTENTS) this.#contents.shift();
    }
    await this.#pushBlob(content);
    return content;
  }

  #layerSize(): number {
    const largest = this.#options.maxLayerBytes ?? 3 << 20;
    const size = this.#random.chance(0.1) ? this.#random.int(largest) : this.#random.int(64 << 10);
    return Math.min(size, largest);
  }

  /** Pushes until the server says that it has it, as clients do; some give up after a lost connection. */
  async #pushBlob(content: Buffer): Promise<void> {
    const digest = sha256(content);
    this.#ledger.announceBlob(digest);
    for (;;) {
      try {
        if (await this.#pushBlobOnce(content, digest)) break;
      } catch (error) {
        if (!(error instanceof ConnectionLostError) || this.#random.chance(0.3)) throw error;
        this.#losses += 1;
      }
    }
    this.#ledger.blobStored(digest);
  }

  async #pushBlobOnce(content: Buffer, digest: string): Promise<boolean> {
    const uploads = `/v2/${this.#ledger.name}/blobs/uploads/`;
    const way = this.#random.int(3);
    if (way === 0)
      return this.#isStored(await this.send(`${uploads}?digest=${digest}`, { method: "POST", body: content }), "POST of a whole blob");
    const opened = await this.send(uploads, { method: "POST" });
    const { location } = opened.headers;
    if (opened.status !== 202 || location === undefined) {
      this.complain("POST of a session", opened);
      throw new RefusedError("no session");
    }
    if (way === 1)
      return this.#isStored(await this.send(withDigest(location, digest), { method: "PUT", body: content }), "PUT of a whole blob");
    return await new ChunkedUpload(
      this,
      { location: pathOf(location), content, digest, blob: `/v2/${this.#ledger.name}/blobs/${digest}` },
      this.#random,
    ).run();
  }

  #isStored(answer: Answer, what: string): boolean {
    if (answer.status === 201) return true;
    this.complain(what, answer);
    throw new RefusedError(what);
  }

  async #mount(): Promise<string | undefined> {
    const source = this.#random.pick(this.#options.mountable());
    if (source === undefined || source.repository === this.#ledger.name) return undefined;
    this.#ledger.announceBlob(source.digest);
    const answer = await this.send(`/v2/${this.#ledger.name}/blobs/uploads/?mount=${source.digest}&from=${source.repository}`, {
      method: "POST",
    });
    if (answer.status === 201) {
      this.#ledger.blobStored(source.digest);
      return source.digest;
    }
    if (answer.status !== 202) this.complain("mount", answer); // 202: its owner deleted it meanwhile
    return undefined;
  }

  async #pushImage(layers: readonly Buffer[], mounted: string | undefined): Promise<void> {
    const config = Buffer.from(
      JSON.stringify({
        architecture: "amd64",
        os: "linux",
        config: {},
        rootfs: { type: "layers", diff_ids: [] },
        nonce: this.#random.int(2 ** 31),
      }),
    );
    await this.#pushBlob(config);
    const layer = (digest: string, size: number): object => ({ mediaType: LAYER, digest, size });
    const payload = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: MANIFEST,
        config: { mediaType: CONFIG, digest: sha256(config), size: config.byteLength },
        layers: [...layers.map((bytes) => layer(sha256(bytes), bytes.byteLength)), ...(mounted === undefined ? [] : [layer(mounted, 1)])],
      }),
    );
    const blobs = [sha256(config), ...layers.map(sha256), ...(mounted === undefined ? [] : [mounted])];
    const tags = this.#random.chance(0.8) ? [this.#random.pick(TAGS)] : [undefined, this.#random.pick(TAGS)];
    for (const tag of tags) await this.#putManifest(payload, blobs, tag);
  }

  async #putManifest(payload: Buffer, blobs: readonly string[], tag: string | undefined): Promise<void> {
    const digest = sha256(payload);
    this.#ledger.announceManifest(digest, { payload, blobs }, tag);
    const answer = await this.send(`/v2/${this.#ledger.name}/manifests/${tag ?? digest}`, {
      method: "PUT",
      body: payload,
      headers: { "content-type": MANIFEST },
    });
    if (answer.status === 201) this.#ledger.manifestStored(digest, tag);
    else this.complain(`PUT of a manifest whose blobs were all acknowledged`, answer);
  }

  async #deleteSomething(): Promise<void> {
    const ledger = this.#ledger;
    const base = `/v2/${ledger.name}`;
    const there = (entries: ReadonlyMap<string, string>): string[] =>
      [...entries].filter(([, presence]) => presence === "there").map(([digest]) => digest);
    const what = this.#random.int(3);
    const tag = this.#random.pick(TAGS) ?? "latest";
    const manifest = this.#random.pick(there(ledger.manifests));
    const blob = this.#random.pick(there(ledger.blobs).filter((digest) => !ledger.isReferenced(digest)));
    if (what === 0) {
      ledger.announceTagDelete(tag);
      if (this.#isDeleted(await this.send(`${base}/manifests/${tag}`, { method: "DELETE" }))) ledger.tagDeleted(tag);
    } else if (what === 1 && manifest !== undefined) {
      ledger.announceManifestDelete(manifest);
      if (this.#isDeleted(await this.send(`${base}/manifests/${manifest}`, { method: "DELETE" }))) ledger.manifestDeleted(manifest);
    } else if (blob !== undefined) {
      ledger.announceBlobDelete(blob);
      if (this.#isDeleted(await this.send(`${base}/blobs/${blob}`, { method: "DELETE" }))) ledger.blobDeleted(blob);
    }
  }

  #isDeleted(answer: Answer): boolean {
    if (answer.status === 202 || answer.status === 404) return true;
    this.complain("DELETE", answer);
    return false;
  }
}

function withDigest(location: string, digest: string): string {
  const url = new URL(location, "http://localhost");
  url.searchParams.set("digest", digest);
  return url.pathname + url.search;
}

/** Sessions go on at whatever server is up: only the path of their address counts. */
function pathOf(location: string): string {
  const { pathname, search } = new URL(location, "http://localhost");
  return pathname + search;
}
