import { once } from "node:events";
import { Agent, createServer, type OutgoingHttpHeaders, request as httpRequest, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Digest, DigestAlgorithm } from "@berth/oci";
import { digestOf } from "@berth/oci/node";
import { onTestFinished } from "vitest";
import { type CreateRegistryOptions, createRegistry, type EmbeddedRegistry } from "../create-registry.ts";
import type { RequestSummary } from "../http/options.ts";
import { EMPTY_JSON, type ManifestFixture } from "./fixtures.test-kit.ts";
import { RawConnection } from "./raw-connection.test-kit.ts";
import { createRecordingLog, type RecordingLog } from "./recording-log.test-kit.ts";
import { Reply } from "./reply.test-kit.ts";

/** What goes with a request. */
export interface CallOptions {
  readonly headers?: OutgoingHttpHeaders;
  /** Sent with its length. */
  readonly body?: Uint8Array | string;
  /** Sent in chunks instead. */
  readonly chunks?: readonly (Uint8Array | string)[];
}

/** Summaries of requests, in the order in which they ended. */
export class SummaryList {
  readonly #all: RequestSummary[] = [];
  readonly #waiting = new Set<() => void>();

  add(summary: RequestSummary): void {
    this.#all.push(summary);
    for (const wake of this.#waiting) wake();
  }

  get all(): readonly RequestSummary[] {
    return this.#all;
  }

  /** Resolves with the first request of a route that ended, maybe in the past. */
  async ended(route: string): Promise<RequestSummary> {
    for (;;) {
      const found = this.#all.find((summary) => summary.route === route);
      if (found !== undefined) return found;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.add(resolve);
      await promise;
      this.#waiting.delete(resolve);
    }
  }
}

/** A registry behind a real HTTP server on a free port of this machine. */
export class RegistryServer {
  readonly registry: EmbeddedRegistry;
  readonly log: RecordingLog;
  /** Requests that are over. */
  readonly requests: SummaryList;
  readonly port: number;
  readonly #server: Server;
  readonly #agent = new Agent({ keepAlive: true });
  #closed: Promise<void> | undefined;

  constructor(registry: EmbeddedRegistry, server: Server, log: RecordingLog, requests: SummaryList) {
    this.registry = registry;
    this.log = log;
    this.requests = requests;
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
  }

  /** `127.0.0.1:port`. */
  get host(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Sends a request and reads the answer whole. `path` goes out as it is. */
  async call(method: string, path: string, options: CallOptions = {}): Promise<Reply> {
    const { body, chunks } = options;
    const headers: OutgoingHttpHeaders = { ...options.headers };
    if (body !== undefined) headers["content-length"] ??= Buffer.byteLength(body);
    else if (chunks === undefined && (method === "POST" || method === "PUT" || method === "PATCH")) headers["content-length"] ??= 0;
    const request = httpRequest({ host: "127.0.0.1", port: this.port, method, path, headers, agent: this.#agent });
    const response = new Promise<Reply>((resolve, reject) => {
      request.on("error", reject);
      request.on("response", (answer) => {
        const parts: Buffer[] = [];
        answer.on("data", (part: Buffer) => parts.push(part));
        answer.on("error", reject);
        answer.on("end", () => resolve(new Reply(answer.statusCode ?? 0, answer.headers, Buffer.concat(parts), answer.rawHeaders)));
      });
    });
    for (const chunk of chunks ?? []) request.write(chunk);
    request.end(body);
    return await response;
  }

  /** A socket of one's own. */
  async raw(): Promise<RawConnection> {
    return await RawConnection.open(this.port);
  }

  /** Sends bytes as they are and reads until the server closes. */
  async exchange(text: string): Promise<RawConnection> {
    const connection = await this.raw();
    connection.write(text);
    await connection.closed();
    return connection;
  }

  /** Opens an upload session and gives its path. */
  async startUpload(name: string, query = ""): Promise<string> {
    return expectStatus(await this.call("POST", `/v2/${name}/blobs/uploads/${query}`), 202).location;
  }

  /** Pushes a blob in one request. */
  async pushBlob(name: string, bytes: Uint8Array | string, algorithm: DigestAlgorithm = "sha256"): Promise<Digest> {
    const digest = digestOf(bytes, algorithm);
    expectStatus(await this.call("POST", `/v2/${name}/blobs/uploads/?digest=${digest}`, { body: bytes }), 201);
    return digest;
  }

  /** Pushes a manifest. */
  async pushManifest(name: string, reference: string, { bytes, mediaType }: Pick<ManifestFixture, "bytes" | "mediaType">): Promise<Reply> {
    return expectStatus(
      await this.call("PUT", `/v2/${name}/manifests/${reference}`, { body: bytes, headers: { "content-type": mediaType } }),
      201,
    );
  }

  /** Pushes the empty config and then a manifest, by digest and tags. */
  async pushImage(name: string, manifest: ManifestFixture, ...tags: readonly string[]): Promise<void> {
    await this.pushBlob(name, EMPTY_JSON);
    await this.pushManifest(name, manifest.digest, manifest);
    for (const tag of tags) await this.pushManifest(name, tag, manifest);
  }

  /** Lets go of everything; the registry's storage and metadata too. */
  async close(): Promise<void> {
    this.#closed ??= this.#close();
    await this.#closed;
  }

  async #close(): Promise<void> {
    this.#agent.destroy();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    await this.registry.close();
  }
}

/** Starts a registry and its server. The caller closes it. */
export async function startRegistry(options: CreateRegistryOptions = {}): Promise<RegistryServer> {
  const log = createRecordingLog();
  const requests = new SummaryList();
  const registry = await createRegistry({ log, onRequest: (summary) => requests.add(summary), ...options });
  const server = createServer(registry.handler).on("checkContinue", registry.handler).listen(0, "127.0.0.1");
  await once(server, "listening");
  return new RegistryServer(registry, server, log, requests);
}

/** Starts a registry that ends with the running test. */
export async function useRegistry(options: CreateRegistryOptions = {}): Promise<RegistryServer> {
  const server = await startRegistry(options);
  onTestFinished(() => server.close());
  return server;
}

/** Gives the reply back when it has the status; else fails with its body. */
export function expectStatus(reply: Reply, status: number): Reply {
  if (reply.status !== status) throw new Error(`expected status ${status}, got ${reply.status}: ${reply.text.slice(0, 500)}`);
  return reply;
}
