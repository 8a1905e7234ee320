import { once } from "node:events";
import { createServer as createHttpServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { ByteSource } from "@berth/oci";

/** One request that arrived. */
export interface ScriptedRequest {
  readonly method: string;
  /** Path and query as they came. */
  readonly target: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** By lower-case name; repeated fields joined as Node does. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Empty when the reply did not wait for it. */
  readonly body: Buffer;
}

/** One answer, or the refusal to give one. */
export interface ScriptedReply {
  /** Default 200. */
  readonly status?: number;
  /** Default: only the length of the body. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** A string or bytes are sent with their length unless `headers` says another one; a source is sent chunked. */
  readonly body?: string | Uint8Array | ByteSource;
  /** Cuts the connection after that many bytes of the body; -1: before the first byte of the answer. */
  readonly cutAfter?: number;
  /** Answers when this resolves. */
  readonly after?: Promise<unknown>;
  /** Answers without reading the request's body. */
  readonly early?: boolean;
  /** Never answers; the connection stays open until the client or {@link ScriptedRegistry.close} ends it. */
  readonly hang?: boolean;
}

/** A reply, or what makes one. */
export type ScriptedReplySource = ScriptedReply | ((request: ScriptedRequest) => ScriptedReply | Promise<ScriptedReply>);

interface Rule {
  readonly method: string;
  readonly path: string | RegExp;
  readonly replies: readonly ScriptedReplySource[];
  used: number;
}

/** Options of {@link startScriptedRegistry}. */
export interface ScriptedRegistryOptions {
  /** Serves HTTPS with this key and certificate (PEM), and asks clients for a certificate of `clientCa` when given. */
  readonly tls?: { readonly key: string; readonly cert: string; readonly clientCa?: string };
}

/** A registry that answers exactly what a test tells it to, and remembers what it was asked. */
export class ScriptedRegistry {
  /** Everything that arrived, in order. */
  readonly requests: ScriptedRequest[] = [];
  readonly #rules: Rule[] = [];
  readonly #server: Server;
  readonly #scheme: string;
  readonly #connections = new Set<Socket>();
  readonly #unfinished = new Set<ServerResponse>();
  #closedBytes = 0;

  /** @internal Call {@link startScriptedRegistry}. */
  constructor(options: ScriptedRegistryOptions) {
    const { tls } = options;
    const listener: RequestListener = (request, response) => {
      this.#unfinished.add(response);
      response.once("close", () => this.#unfinished.delete(response));
      this.#answer(request, response).catch(() => response.destroy());
    };
    this.#scheme = tls === undefined ? "http" : "https";
    const limits = { requestTimeout: 0, keepAliveTimeout: 60_000 };
    this.#server =
      tls === undefined
        ? createHttpServer(limits, listener)
        : createHttpsServer(
            { ...limits, key: tls.key, cert: tls.cert, ...(tls.clientCa && { ca: tls.clientCa, requestCert: true }) },
            listener,
          );
    this.#server.on("connection", (socket: Socket) => {
      this.#connections.add(socket);
      socket.once("close", () => {
        this.#connections.delete(socket);
        this.#closedBytes += socket.bytesWritten;
      });
    });
  }

  /** @internal */
  async listen(): Promise<void> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
  }

  /** Address with port. */
  get host(): string {
    const address = this.#server.address() as AddressInfo;
    return `127.0.0.1:${address.port}`;
  }

  /** Origin without a trailing slash. */
  get url(): string {
    return `${this.#scheme}://${this.host}`;
  }

  /**
   * Says what to answer. The replies are given in turn, the last one for ever; a later rule for the same request goes before an earlier
   * one. `path` is compared with the path without its query. Whatever no rule names is answered 404.
   */
  on(method: string, path: string | RegExp, ...replies: readonly ScriptedReplySource[]): this {
    this.#rules.unshift({ method, path, replies, used: 0 });
    return this;
  }

  /** `METHOD target` of everything that arrived, or of one method. */
  journal(method?: string): readonly string[] {
    return this.requests.filter((request) => method === undefined || request.method === method).map((one) => `${one.method} ${one.target}`);
  }

  /** How many connections are open, idle ones among them. */
  get connections(): number {
    return this.#connections.size;
  }

  /** Bytes sent over all connections, headers included. */
  get bytesSent(): number {
    return [...this.#connections].reduce((sum, socket) => sum + socket.bytesWritten, this.#closedBytes);
  }

  /** Resolves when every answer has ended or its client has gone away: a client that leaks one waits here for ever. */
  async answered(): Promise<void> {
    while (this.#unfinished.size > 0) await Promise.all([...this.#unfinished].map(closed));
  }

  /** Resolves when the clients have closed their connections. */
  async disconnected(): Promise<void> {
    while (this.#connections.size > 0) await Promise.all([...this.#connections].map(closed));
  }

  /** Cuts every connection and stops. */
  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    if (this.#server.listening) await once(this.#server, "close");
  }

  async #answer(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(message.url ?? "/", this.url);
    const method = message.method ?? "";
    const rule = this.#rules.find(
      (one) => one.method === method && (typeof one.path === "string" ? one.path === url.pathname : one.path.test(url.pathname)),
    );
    const source = rule?.replies[Math.min(rule.used++, rule.replies.length - 1)];
    const early = typeof source === "object" && source.early === true;
    const index = this.requests.length;
    const arrived = {
      method,
      target: message.url ?? "/",
      path: url.pathname,
      query: url.searchParams,
      headers: Object.fromEntries(Object.entries(message.headers).map(([name, value]) => [name, String(value)])),
    };
    this.requests.push({ ...arrived, body: Buffer.alloc(0) });
    const request: ScriptedRequest = { ...arrived, body: early ? Buffer.alloc(0) : await bodyOf(message) };
    this.requests[index] = request;
    const reply = source === undefined ? unexpected(request) : typeof source === "function" ? await source(request) : source;
    await send(reply, response, method === "HEAD");
  }
}

/** Starts a scripted registry on a free port of the loopback. */
export async function startScriptedRegistry(options: ScriptedRegistryOptions = {}): Promise<ScriptedRegistry> {
  const registry = new ScriptedRegistry(options);
  await registry.listen();
  return registry;
}

/** Errors on the way do not matter: `events.once` would reject with them. */
function closed(one: Socket | ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    one.once("close", () => resolve());
  });
}

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of message) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}

function unexpected({ method, path }: ScriptedRequest): ScriptedReply {
  const errors = [{ code: "UNKNOWN", message: `the script says nothing about ${method} ${path}` }];
  return { status: 404, headers: { "content-type": "application/json" }, body: JSON.stringify({ errors }) };
}

async function send(reply: ScriptedReply, response: ServerResponse, headOnly: boolean): Promise<void> {
  await reply.after;
  if (reply.hang) return;
  if (reply.cutAfter === -1) {
    response.destroy();
    return;
  }
  const { status = 200, headers = {}, body = "" } = reply;
  const whole = typeof body === "string" ? Buffer.from(body) : body instanceof Uint8Array ? body : undefined;
  const names = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
  const noBody = status === 204 || status === 304 || status < 200;
  if (whole !== undefined && !noBody && !names.has("content-length") && !names.has("transfer-encoding")) {
    response.setHeader("content-length", whole.byteLength);
  }
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, typeof value === "string" ? value : [...value]);
  response.strictContentLength = false;
  response.writeHead(status);
  if (headOnly || noBody) {
    response.end();
    return;
  }
  if (reply.cutAfter !== undefined && whole !== undefined) {
    response.write(whole.subarray(0, reply.cutAfter), () => response.destroy());
    return;
  }
  if (whole !== undefined) response.end(whole);
  else await pump(body as ByteSource, response, reply.cutAfter);
}

async function pump(source: ByteSource, response: ServerResponse, cutAfter: number | undefined): Promise<void> {
  let left = cutAfter ?? Number.POSITIVE_INFINITY;
  for await (const chunk of source) {
    if (response.destroyed) return;
    const part = chunk.subarray(0, left);
    left -= part.byteLength;
    if (!response.write(part)) await drained(response);
    if (left <= 0) {
      response.destroy();
      return;
    }
  }
  response.end();
}

/** Waits until more can be written, or nobody reads any more. */
async function drained(response: ServerResponse): Promise<void> {
  const settled = new AbortController();
  const { signal } = settled;
  await Promise.race([once(response, "drain", { signal }), once(response, "close", { signal })]);
  settled.abort();
}
