import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { type RepositoryName, requestOrigin } from "@berth/oci";
import type { AuthRequest, Grant } from "../auth/authorizer.ts";
import type { LocalRepository } from "../domain/repository.ts";
import { clientAddress } from "./client-address.ts";
import type { HttpContext } from "./options.ts";
import type { Route } from "./route.ts";

/** Header names and values of an answer, one after the other. */
export type HeaderList = (string | number)[];

/** Bodies up to this size are sent together with the head. */
const ONE_WRITE_BYTES = 16 * 1024;

/** One request and its answer. */
export class Exchange implements AuthRequest {
  readonly context: HttpContext;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly route: Route;
  /** Checked; empty on routes without a repository. */
  readonly name: RepositoryName;
  /** The last path segment of routes with a parameter, percent-decoded and otherwise unchecked. */
  readonly parameter: string;
  /** Set before the handler runs. */
  grant: Grant | undefined;
  readonly #search: string;
  /** Kept from the start: a request that was destroyed knows its socket no more. */
  readonly #socket: Socket;
  #bodyBytes = 0;
  #query: URLSearchParams | undefined;
  #requestId: string | undefined;
  #abort: AbortController | undefined;

  constructor(
    context: HttpContext,
    request: IncomingMessage,
    response: ServerResponse,
    target: { readonly route: Route; readonly name: RepositoryName; readonly parameter: string; readonly search: string },
  ) {
    this.context = context;
    this.request = request;
    this.#socket = request.socket;
    this.response = response;
    this.route = target.route;
    this.name = target.name;
    this.parameter = target.parameter;
    this.#search = target.search;
  }

  get repository(): LocalRepository {
    return this.context.namespace.repositoryOf(this.name);
  }

  get query(): URLSearchParams {
    this.#query ??= new URLSearchParams(this.#search);
    return this.#query;
  }

  get requestId(): string {
    this.#requestId ??= randomUUID();
    return this.#requestId;
  }

  get authorization(): string | undefined {
    return this.request.headers.authorization;
  }

  get remoteAddress(): string {
    return clientAddress(this.request.headers, this.#socket.remoteAddress ?? "", this.context.isTrustedProxy);
  }

  /** Name of the authenticated user. */
  get actor(): string | undefined {
    return this.grant?.user?.name;
  }

  /** Aborts when the client goes away before the answer is complete. */
  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      const abort = new AbortController();
      this.response.once("close", () => {
        if (!this.response.writableFinished) abort.abort();
      });
      this.#abort = abort;
    }
    return this.#abort.signal;
  }

  /** Scheme and host that the client used, without a slash at the end. HTTP/2 has an authority where HTTP/1 has a host. */
  baseUrl(): string {
    const { host } = this.context.options;
    if (host !== undefined) return host.origin;
    const { headers } = this.request;
    const ofProxy = {
      forwarded: headers["forwarded"],
      xForwardedProto: headers["x-forwarded-proto"],
      xForwardedHost: headers["x-forwarded-host"],
    };
    const isTrusted = this.context.isTrustedProxy(this.#socket.remoteAddress ?? "");
    const asked = { host: headers.host ?? headers[":authority"] };
    const origin = requestOrigin({ ...asked, ...(isTrusted ? ofProxy : {}) }, (this.#socket as Partial<TLSSocket>).encrypted === true);
    return `${origin.protocol}://${origin.host ?? "localhost"}`;
  }

  /** Bytes of the answer's body; 0 to HEAD. */
  get bodyBytes(): number {
    return this.request.method === "HEAD" ? 0 : this.#bodyBytes;
  }

  /** The address of something below the repository, as `Location` has it. */
  location(rest: string): string {
    const { prefix, relativeUrls } = this.context.options;
    const path = `${prefix}v2/${this.name}/${rest}`;
    return relativeUrls ? path : this.baseUrl() + path;
  }

  /** Answers with a body, or none. */
  send(status: number, headers: HeaderList, body?: Uint8Array | string): void {
    const { response } = this;
    this.#bodyBytes = body === undefined ? 0 : Buffer.byteLength(body);
    response.writeHead(status, this.#withCommon(headers));
    if (body instanceof Uint8Array && body.byteLength <= ONE_WRITE_BYTES) {
      // As a string of single bytes it leaves in one write together with the head: a tenth less CPU for small answers.
      response.end(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("latin1"), "latin1");
    } else response.end(body);
  }

  /** Starts an answer whose body of so many bytes follows. */
  start(status: number, headers: HeaderList, bodyBytes: number): void {
    this.#bodyBytes = bodyBytes;
    this.response.writeHead(status, this.#withCommon(headers));
  }

  /** Answers with JSON and a newline, as the reference registry does. */
  sendJson(status: number, value: unknown, headers: HeaderList = [], mediaType = "application/json"): void {
    const body = Buffer.from(`${JSON.stringify(value)}\n`);
    this.send(status, ["Content-Type", mediaType, "Content-Length", body.byteLength, ...headers], body);
  }

  #withCommon(headers: HeaderList): HeaderList {
    headers.push(...this.context.commonHeaders);
    return headers;
  }
}
