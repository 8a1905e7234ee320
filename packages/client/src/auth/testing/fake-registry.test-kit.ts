import type { CallOptions } from "@berth/oci";
import type { Credential, CredentialSource, CredentialTarget } from "../../credentials/credential.ts";
import { staticCredentials } from "../../credentials/static-credentials.ts";
import type { FakeReply } from "../../transport/testing/fake-transport.test-kit.ts";
import { fakeTransport } from "../../transport/testing/fake-transport.test-kit.ts";
import type { Transport, TransportRequest } from "../../transport/transport.ts";
import { authLayer } from "../auth-layer.ts";
import type { AuthOptions } from "../auth-options.ts";

/** A manifest of the registry. */
export const MANIFEST = "https://r.test/v2/a/b/manifests/1";
/** Where uploads start. */
export const UPLOAD = "https://r.test/v2/a/b/blobs/uploads/";
/** The token server. */
export const REALM = "https://auth.test/token";

/** What a {@link fakeRegistry} does otherwise than usual. */
export interface FakeRegistryOptions {
  /** `WWW-Authenticate`; default: a Bearer challenge for what the request needs. */
  readonly challenge?: string | readonly string[] | ((request: TransportRequest) => string | readonly string[]);
  /** Default: tokens that are not revoked and not past their life. */
  readonly accepts?: (authorization: string) => boolean;
  /** What the token server answers; default a new token. */
  readonly token?: (request: TransportRequest, count: number) => FakeReply | Promise<FakeReply>;
  /** Seconds that tokens live; default 300. */
  readonly life?: number;
  /** Before everything else. */
  readonly answer?: (request: TransportRequest) => FakeReply | undefined;
}

/** A registry at `r.test` and its token server at `auth.test`, without a network and with a clock that stands still. */
export interface FakeRegistry {
  readonly transport: Transport;
  readonly requests: readonly TransportRequest[];
  readonly now: () => number;
  /** Lets time go by. */
  pass(seconds: number): void;
  /** The registry no longer takes a token. */
  revoke(token: string): void;
  /** One line a request: method, path or token server, authorization, what a token was asked for. */
  journal(): readonly string[];
}

/** Makes a {@link FakeRegistry}. */
export function fakeRegistry(options: FakeRegistryOptions = {}): FakeRegistry {
  let time = Date.UTC(2026, 0, 1);
  let tokens = 0;
  const { life = 300 } = options;
  const expiry = new Map<string, number>();
  const makeToken = async (request: TransportRequest): Promise<FakeReply> => {
    const count = ++tokens;
    if (options.token !== undefined) return await options.token(request, count);
    expiry.set(`Bearer t${count}`, time + life * 1000);
    return { body: JSON.stringify({ token: `t${count}`, expires_in: life }) };
  };
  const accepts = options.accepts ?? ((authorization: string): boolean => (expiry.get(authorization) ?? 0) > time);
  const transport = fakeTransport(async (request) => {
    const special = options.answer?.(request);
    if (special !== undefined) return special;
    if (request.url.host === "auth.test") return await makeToken(request);
    const { authorization = "" } = request.headers;
    if (accepts(authorization)) return { status: 200 };
    const { challenge = bearer(request) } = options;
    return { status: 401, headers: { "www-authenticate": typeof challenge === "function" ? challenge(request) : challenge } };
  });
  return {
    transport,
    requests: transport.requests,
    now: () => time,
    pass: (seconds) => void (time += seconds * 1000),
    revoke: (token) => void expiry.delete(`Bearer ${token}`),
    journal: () => transport.requests.map(line),
  };
}

/** The usual challenge. */
export function bearer({ method, url }: Pick<TransportRequest, "method" | "url">): string {
  const name = /\/v2\/(.+)\/(?:blobs|manifests|tags)\//.exec(url.pathname)?.[1];
  const scope = name === undefined ? "" : `,scope="repository:${name}:${method === "GET" || method === "HEAD" ? "pull" : "pull,push"}"`;
  return `Bearer realm="${REALM}",service="r.test"${scope}`;
}

function line({ method, url, headers, body }: TransportRequest): string {
  const authorization = headers["authorization"] ?? "-";
  const form = body?.bytes === undefined ? "" : ` ${decodeURIComponent(new TextDecoder().decode(body.bytes)).replaceAll("+", " ")}`;
  if (url.host === "auth.test")
    return `${method} auth.test ${authorization} ${decodeURIComponent(url.search.slice(1)).replaceAll("+", " ")}${form}`;
  return `${method} ${url.host === "r.test" ? "" : url.host}${url.pathname} ${authorization}`;
}

/** Remembers what it was asked for. */
export interface WatchedCredentials {
  (target: CredentialTarget, options?: CallOptions): Promise<Credential | undefined>;
  readonly targets: CredentialTarget[];
}

/** Makes {@link WatchedCredentials}. */
export function watchedCredentials(find: (target: CredentialTarget) => Credential | undefined): WatchedCredentials {
  const targets: CredentialTarget[] = [];
  const source = async (target: CredentialTarget): Promise<Credential | undefined> => {
    targets.push(target);
    return find(target);
  };
  return Object.assign(source, { targets });
}

/** What {@link USER} is sent as. */
export const BASIC: string = `Basic ${Buffer.from("u:p").toString("base64")}`;

/** Somebody whom `r.test` knows. */
export const USER: CredentialSource = staticCredentials("r.test", { username: "u", password: "p" });

/** A registry, and the layer under test before it. */
export function setUpAuth(
  options: AuthOptions = {},
  registryOptions: FakeRegistryOptions = {},
): { registry: FakeRegistry; send: Transport } {
  const registry = fakeRegistry(registryOptions);
  return { registry, send: authLayer({ registry: "r.test", credentials: USER, now: registry.now, ...options })(registry.transport) };
}

/** Bytes that can be read once. */
export async function* once(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}
