import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer as createHttpServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { formatScopes, type Scope } from "@berth/oci";
import type { TestUser } from "../parts/htpasswd.ts";
import { misbehave, type TokenMisbehaviour } from "./misbehaviour.ts";
import { createSigningKey, type SigningKey } from "./signing-key.ts";
import { type ParsedTokenRequest, parseTokenRequest, type TokenRequest } from "./token-request.ts";

/** Which of the wanted actions somebody gets; undefined is anybody without a name. */
export type GrantRule = (user: string | undefined, wanted: Scope) => readonly string[];

/** Options of {@link startTokenServer}. */
export interface TokenServerOptions {
  /** Who may ask; default nobody with a name. */
  readonly users?: readonly TestUser[];
  /** Default {@link grantAllToUsers}. */
  readonly grant?: GrantRule;
  /** The `service` of the challenge and the audience of tokens; default `berth-test`. */
  readonly service?: string;
  /** Default `berth-test-issuer`. */
  readonly issuer?: string;
  /** How long tokens live; default 300. */
  readonly expiresInSeconds?: number;
  /** Whether POST is answered, as OAuth2 has it; default true. Otherwise it is a 404, as many servers have it. */
  readonly oauth2?: boolean;
  /** Whether refresh tokens are given to those who ask for them; default true. */
  readonly refreshTokens?: boolean;
  /** Default a new one. */
  readonly key?: SigningKey;
  /** Serves HTTPS with this key and certificate (PEM). */
  readonly tls?: { readonly key: string; readonly cert: string };
}

/** Users get what they ask for, others may pull. */
export const grantAllToUsers: GrantRule = (user, { actions }) =>
  user === undefined ? actions.filter((action) => action === "pull") : actions;

/**
 * A token server as registries with `auth: token` know it: tokens for GET with a Basic credential or none, and by POST for a password or a
 * refresh token. It remembers what it was asked, and can be told to misbehave.
 *
 * @see distribution, "Token Authentication Specification" and "OAuth2 Token Authentication"
 */
export class TokenServer {
  /** Who its tokens are for; default `berth-test`. */
  readonly service: string;
  /** Who makes them; default `berth-test-issuer`. */
  readonly issuer: string;
  readonly key: SigningKey;
  /** Everything that was asked, in the order of the answers. */
  readonly requests: TokenRequest[] = [];
  readonly #options: TokenServerOptions;
  readonly #server: Server;
  readonly #refreshTokens = new Map<string, string>();
  readonly #planned: TokenMisbehaviour[] = [];
  #always: TokenMisbehaviour | undefined;

  /** @internal Call {@link startTokenServer}. */
  constructor(options: TokenServerOptions) {
    this.#options = options;
    this.service = options.service ?? "berth-test";
    this.issuer = options.issuer ?? "berth-test-issuer";
    this.key = options.key ?? createSigningKey();
    const listener: RequestListener = (request, response) => void this.#answer(request, response).catch(() => response.destroy());
    this.#server = options.tls === undefined ? createHttpServer(listener) : createHttpsServer({ ...options.tls }, listener);
  }

  /** @internal */
  async listen(): Promise<void> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
  }

  /** The address that challenges name. */
  get realm(): string {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new TypeError("The token server does not listen on a port");
    return `${this.#options.tls === undefined ? "http" : "https"}://127.0.0.1:${address.port}/token`;
  }

  /** Misbehaves from now on, or for so many requests only. */
  misbehave(name: TokenMisbehaviour, times?: number): void {
    if (times === undefined) this.#always = name;
    else this.#planned.push(...Array.from({ length: times }, () => name));
  }

  /** Does its work again. */
  behave(): void {
    this.#always = undefined;
    this.#planned.length = 0;
  }

  /** Makes a refresh token for a user, as a login page would. */
  refreshTokenOf(user: string): string {
    const token = `refresh-${randomUUID()}`;
    this.#refreshTokens.set(token, user);
    return token;
  }

  /** Makes a token without being asked; `lifeSeconds` below 0 is one that has expired. */
  tokenFor(user: string | undefined, access: readonly Scope[], lifeSeconds: number = this.#options.expiresInSeconds ?? 300): string {
    const now = Math.floor(Date.now() / 1000);
    return this.key.sign({
      iss: this.issuer,
      sub: user ?? "",
      aud: this.service,
      exp: now + lifeSeconds,
      nbf: now - 600,
      iat: now,
      jti: randomUUID(),
      access: access.map(({ type, class: kind, name, actions }) => ({ type, ...(kind !== undefined && { class: kind }), name, actions })),
    });
  }

  /** Cuts every connection and stops. */
  async close(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }

  async #answer(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(message.url ?? "/", "http://token");
    const method = message.method ?? "";
    let body = "";
    for await (const chunk of message) body += String(chunk);
    if (url.pathname !== "/token") return refuse(response, 404, "invalid_request");
    const { secret, wanted, ...asked } = parseTokenRequest(method, url.searchParams, message.headers, body);
    const user = this.#userOf({ secret, wanted, ...asked });
    const granted = user === null ? [] : this.#grant(user, wanted);
    const wrong = this.#planned.shift() ?? this.#always;
    if (wrong !== undefined) misbehave(wrong, response, user === null ? {} : this.#tokenAnswer(user, granted, asked.offline, method));
    else if (method === "POST" && this.#options.oauth2 === false) refuse(response, 404, "not_found");
    else if (method !== "GET" && method !== "POST") refuse(response, 405, "invalid_request");
    else if (asked.grant === undefined) refuse(response, 400, "unsupported_grant_type");
    else if (user === null) refuse(response, 401, "invalid_grant");
    else {
      const answer = JSON.stringify(this.#tokenAnswer(user, granted, asked.offline, method));
      response.writeHead(200, { "content-type": "application/json" }).end(answer);
    }
    this.requests.push({
      ...asked,
      ...(user !== null && user !== undefined && { user }),
      granted: response.statusCode === 200 ? granted : [],
      status: response.headersSent ? response.statusCode : 0,
    });
  }

  /** Null when the credential is wrong; undefined for somebody without a name. */
  #userOf({ grant, user, secret }: ParsedTokenRequest): string | undefined | null {
    if (grant === "anonymous") return undefined;
    if (grant === "refresh_token") return this.#refreshTokens.get(secret) ?? null;
    const known = this.#options.users?.some((one) => one.username === user && one.password === secret) === true;
    return known && user !== undefined ? user : null;
  }

  #grant(user: string | undefined, wanted: readonly Scope[]): readonly Scope[] {
    const rule = this.#options.grant ?? grantAllToUsers;
    return wanted.map((scope) => ({ ...scope, actions: [...rule(user, scope)] })).filter(({ actions }) => actions.length > 0);
  }

  #tokenAnswer(user: string | undefined, granted: readonly Scope[], offline: boolean, method: string): Readonly<Record<string, unknown>> {
    const token = this.tokenFor(user, granted);
    const refresh = offline && user !== undefined && this.#options.refreshTokens !== false ? this.refreshTokenOf(user) : undefined;
    return {
      ...(method !== "POST" && { token }),
      access_token: token,
      scope: formatScopes(granted),
      expires_in: this.#options.expiresInSeconds ?? 300,
      issued_at: new Date().toISOString(),
      ...(refresh !== undefined && { refresh_token: refresh }),
    };
  }
}

/** Starts a token server on a free port of the loopback. */
export async function startTokenServer(options: TokenServerOptions = {}): Promise<TokenServer> {
  const server = new TokenServer(options);
  await server.listen();
  return server;
}

function refuse(response: ServerResponse, status: number, error: string): void {
  const code = status === 401 ? "UNAUTHORIZED" : "UNKNOWN";
  const body = JSON.stringify({ error, errors: [{ code, message: error }] });
  response.writeHead(status, { "content-type": "application/json" }).end(body);
}
