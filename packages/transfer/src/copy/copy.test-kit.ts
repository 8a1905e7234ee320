import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { buffer } from "node:stream/consumers";
import { createRemoteRepository, type RemoteRepository, type RepositoryOptions, type StackConnectionOptions } from "@berth/client";
import { type Annotations, bytesSource, type Descriptor, MEDIA_TYPES, type Platform, type Pusher } from "@berth/oci";
import { descriptorOf, digestOf } from "@berth/oci/node";
import { blobFixture, type BlobFixture, imageManifest, type ImageGraph, indexManifest, Random } from "@berth/testkit/images";
import { onTestFinished } from "vitest";
import { createMemoryStore, type MemoryTarget } from "../memory/memory-store.ts";

/** What a {@link FakeRegistry} does otherwise. */
export interface FakeRegistryOptions {
  /** Answers every request to mount with an upload. */
  readonly refuseMounts?: boolean;
  /** Answers by itself: true when it did. Called first for every request. */
  readonly answer?: (request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>;
}

/** Blobs, manifests and tags of a registry in memory, with a journal of what was asked. Checks that manifests come last. */
export class FakeRegistry {
  /** `METHOD path` without `/v2/`, digests shortened; `POST name/blobs/uploads mount=X from=Y`. */
  readonly journal: string[] = [];
  /** By repository and digest. */
  readonly blobs: Map<string, Buffer> = new Map();
  readonly manifests: Map<string, { readonly bytes: Buffer; readonly mediaType: string }> = new Map();
  /** By repository and tag. */
  readonly tags: Map<string, string> = new Map();
  readonly referrers: Map<string, Descriptor[]> = new Map();
  /** Connections that were ever made. */
  connectionCount = 0;
  readonly sockets: Set<Socket> = new Set();
  options: FakeRegistryOptions = {};
  readonly #server: Server;
  #uploads = 0;

  constructor() {
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch(() => response.destroy());
    });
    this.#server.on("connection", (socket: Socket) => {
      this.sockets.add(socket);
      this.connectionCount++;
      socket.once("close", () => this.sockets.delete(socket));
    });
  }

  get host(): string {
    const address = this.#server.address() as AddressInfo;
    return `127.0.0.1:${address.port}`;
  }

  async listen(): Promise<void> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }

  /** A client of one repository. */
  repository(name: string, options: RepositoryOptions & StackConnectionOptions = {}): RemoteRepository {
    return createRemoteRepository(`${this.host}/${name}`, { plainHttp: true, http: {}, ...options });
  }

  /** Stores a graph without a request. */
  put(name: string, graph: ImageGraph, tag?: string): void {
    for (const child of graph.children) this.put(name, child);
    for (const { descriptor, bytes } of graph.blobs) this.blobs.set(`${name} ${descriptor.digest}`, bytes);
    this.putManifest(name, graph.manifest, tag);
  }

  putManifest(name: string, { digest, bytes, mediaType }: { digest: string; bytes: Buffer; mediaType: string }, tag?: string): void {
    this.manifests.set(`${name} ${digest}`, { bytes, mediaType });
    if (tag !== undefined) this.tags.set(`${name} ${tag}`, digest);
  }

  /** How often each request of a kind was made. */
  count(start: string): number {
    return this.journal.filter((line) => line.startsWith(start)).length;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url = "/" } = request;
    const { pathname, searchParams: query } = new URL(url, "http://x");
    this.journal.push(journalLine(method, pathname, query));
    if (await this.options.answer?.(request, response)) return;
    const [, name = "", kind, reference = ""] =
      /^\/v2\/(.+?)\/(blobs\/uploads|blobs|manifests|tags|referrers)\/?(.*)$/.exec(pathname) ?? [];
    const key = `${name} ${reference}`;
    const end = (status: number, headers: Record<string, string> = {}, body: Uint8Array | string = ""): void => {
      response.writeHead(status, { "content-length": String(body.length), ...headers });
      response.end(method === "HEAD" ? undefined : body);
    };
    if (kind === "blobs/uploads") return await this.#upload(request, name, query, end);
    if (kind === "blobs") {
      const blob = this.blobs.get(key);
      if (blob === undefined) return end(404);
      const start = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
      const range = `bytes ${start}-${blob.byteLength - 1}/${blob.byteLength}`;
      return end(start > 0 ? 206 : 200, start > 0 ? { "content-range": range } : {}, blob.subarray(start));
    }
    if (kind === "tags") {
      const tags = [...this.tags.keys()].filter((one) => one.startsWith(`${name} `)).map((one) => one.slice(name.length + 1));
      return end(200, { "content-type": "application/json" }, JSON.stringify({ name, tags: tags.toSorted() }));
    }
    if (kind === "referrers") {
      const index = { schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests: this.referrers.get(key) ?? [] };
      return end(200, { "content-type": MEDIA_TYPES.ociIndex }, JSON.stringify(index));
    }
    if (method === "PUT") {
      const bytes = await buffer(request);
      const mediaType = request.headers["content-type"] ?? "";
      const missing = this.#missing(name, bytes);
      if (missing !== undefined) return end(400, {}, `missing ${missing}`);
      const digest = digestOf(bytes);
      const tags = reference.startsWith("sha256:") ? query.getAll("tag") : [reference];
      this.putManifest(name, { digest, bytes, mediaType });
      for (const tag of tags) this.tags.set(`${name} ${tag}`, digest);
      return end(201, { "docker-content-digest": digest, "oci-subject": digest, ...(query.has("tag") && { "oci-tag": tags.join(", ") }) });
    }
    const digest = this.tags.get(key) ?? reference;
    const found = this.manifests.get(`${name} ${digest}`);
    if (found === undefined) return end(404);
    return end(200, { "content-type": found.mediaType, "docker-content-digest": digest }, found.bytes);
  }

  async #upload(
    request: IncomingMessage,
    name: string,
    query: URLSearchParams,
    end: (status: number, headers?: Record<string, string>) => void,
  ): Promise<void> {
    if (request.method === "POST") {
      const blob = this.blobs.get(`${query.get("from")} ${query.get("mount")}`);
      if (blob !== undefined && this.options.refuseMounts !== true) {
        this.blobs.set(`${name} ${query.get("mount")}`, blob);
        return end(201, { location: `/v2/${name}/blobs/${query.get("mount")}` });
      }
      return end(202, { location: `/v2/${name}/blobs/uploads/u${++this.#uploads}` });
    }
    if (request.method === "DELETE") return end(204);
    const bytes = await buffer(request);
    const digest = query.get("digest") ?? "";
    if (digestOf(bytes) !== digest) return end(400);
    this.blobs.set(`${name} ${digest}`, bytes);
    end(201, { "docker-content-digest": digest });
  }

  /** What a manifest names that is not there. Sparse indexes and external layers are taken. */
  #missing(name: string, bytes: Buffer): string | undefined {
    const { config, layers = [] } = JSON.parse(bytes.toString()) as { config?: Descriptor; layers?: readonly Descriptor[] };
    const blobs = [...(config ? [config] : []), ...layers.filter(({ urls }) => urls === undefined)];
    return blobs.find(({ digest }) => !this.blobs.has(`${name} ${digest}`))?.digest;
  }
}

function journalLine(method: string, path: string, query: URLSearchParams): string {
  const short = (text: string): string => text.replaceAll(/sha256:([0-9a-f]{4})[0-9a-f]{60}/g, "$1");
  const shown = ["mount", "from"].flatMap((name) => (query.has(name) ? [` ${name}=${query.get(name)}`] : []));
  return short(`${method} ${path.replace(/^\/v2\//, "").replace(/\/uploads\/.*$/, "/uploads")}${shown.join("")}`);
}

/** Starts one; it ends with the test. */
export async function startFake(options: FakeRegistryOptions = {}): Promise<FakeRegistry> {
  const registry = new FakeRegistry();
  registry.options = options;
  await registry.listen();
  onTestFinished(() => registry.close());
  return registry;
}

/** An image of so many layers; the same number and seed give the same image. */
export function imageOf(
  layers: number,
  { seed = 1, size = 100, of = "layer" }: { seed?: number; size?: number; of?: string } = {},
): ImageGraph {
  const random = new Random(seed);
  const config = blobFixture(MEDIA_TYPES.ociConfig, Buffer.from(JSON.stringify({ seed, of })));
  const blobs: readonly BlobFixture[] = Array.from({ length: layers }, (_, at) => {
    return blobFixture(MEDIA_TYPES.ociLayerGzip, Buffer.concat([Buffer.from(`${of} ${at} `), random.bytes(size)]));
  });
  const manifest = imageManifest({ config: config.descriptor, layers: blobs.map(({ descriptor }) => descriptor) });
  return { manifest, blobs: [config, ...blobs], children: [] };
}

/** Puts a graph into a store, bottom up. */
export async function fill(store: Pusher, graph: ImageGraph): Promise<void> {
  for (const child of graph.children) await fill(store, child);
  for (const { descriptor, bytes } of [...graph.blobs, graph.manifest]) await store.push(descriptor, bytesSource(bytes));
}

/** A store in memory that holds a graph. */
export async function storeOf(graph: ImageGraph, tag?: string): Promise<MemoryTarget> {
  const store = createMemoryStore();
  await fill(store, graph);
  if (tag !== undefined) await store.tag(graph.manifest.descriptor, tag);
  return store;
}

/** An index of these images. */
export function indexOf(
  children: readonly { readonly graph: ImageGraph; readonly platform?: Platform; readonly annotations?: Annotations }[],
): ImageGraph {
  const entries = children.map(({ graph, ...rest }) => ({ ...graph.manifest.descriptor, ...rest }));
  return { manifest: indexManifest(entries), blobs: [], children: children.map(({ graph }) => graph) };
}

/** Four characters of a digest, as journals have it. */
export function short({ digest }: Pick<Descriptor, "digest">): string {
  return digest.slice(7, 11);
}

/** A blob of text. */
export function textBlob(text: string, mediaType: string = MEDIA_TYPES.ociLayer): BlobFixture {
  const bytes = Buffer.from(text);
  return { descriptor: descriptorOf(mediaType, bytes), bytes };
}
