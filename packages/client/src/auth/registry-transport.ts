import type { CallOptions, Challenge } from "@berth/oci";
import { AuthError } from "../errors.ts";
import { registryOrigin } from "./registry-address.ts";
import { completeWith, isCompleteTransport } from "../transport/complete-transport.ts";
import { plainText } from "../transport/plain-text.ts";
import type { Transport } from "../transport/transport.ts";
import { userAgentLayer } from "../transport/user-agent-layer.ts";
import { authLayer } from "./auth-layer.ts";
import type { AuthOptions } from "./auth-options.ts";
import { authTarget } from "./auth-target.ts";
import { knownChallenge } from "./known-challenge.ts";
import { type PingRegistryOptions, pingRegistry, type RegistryChallenge } from "./ping-registry.ts";
import { schemeLayer } from "./scheme-layer.ts";
import { NO_SCOPE_HINTS, withScopes } from "./scope-hints.ts";
import { scopeKey } from "./scopes.ts";
import { type Token, tokenLife } from "./token.ts";
import { createTokenCache, type TokenCache } from "./token-cache.ts";
import { createTokenSource } from "./token-source.ts";

/** Options of {@link createRegistryTransport} and {@link transportFromToken}. */
export interface RegistryTransportOptions extends Omit<AuthOptions, "hints" | "preemptiveBasic" | "registry">, CallOptions {
  /** Sends the requests. Put retries and logs in here: the result is complete, and nothing is added to it later. */
  readonly transport: Transport;
  /** Scopes of the first token, and of all that follow; see `repositoryScope()`. */
  readonly scopes?: readonly string[];
  /** What goes before `berth/<version>` in the `User-Agent` of requests that have none. */
  readonly userAgent?: string;
}

/**
 * Asks a registry how it wants us to say who we are, gets a token if it wants one, and makes a transport for its requests. A transport that
 * is complete already comes back as it is, and nothing is sent.
 *
 * @param registry host, perhaps with a port.
 * @throws {TypeError} when `registry` is no host. @throws {AuthError} @throws {NetworkError} @throws {ResponseError}
 * @see ggcr, transport.NewWithContext
 */
export async function createRegistryTransport(
  registry: string,
  options: RegistryTransportOptions & Pick<PingRegistryOptions, "allowPlainHttp" | "plainHttpDelayMs" | "clock">,
): Promise<Transport> {
  if (isCompleteTransport(options.transport)) return options.transport;
  const transport = userAgentLayer(options.userAgent)(options.transport);
  const challenge = await pingRegistry(registry, { ...options, transport });
  const cache = options.tokenCache ?? createTokenCache();
  const origin = remember(cache, registry, challenge);
  if (challenge.scheme === "bearer") {
    const auth = authOptions(registry, options, cache);
    const target = authTarget({ method: "GET", url: new URL("/v2/", origin), headers: {} }, auth);
    const source = createTokenSource(transport, cache, auth);
    await source.bearer(target, challenge, target.hints, options.signal);
  }
  return assemble(registry, challenge, { ...options, tokenCache: cache });
}

/**
 * Makes a transport from a challenge and a token that were kept. Nothing is sent. A token that has expired is replaced after the first
 * 401.
 *
 * @throws {TypeError} when `registry` is no host. @throws {AuthError} when the challenge is one that nobody can answer.
 * @see ggcr, transport.FromToken
 */
export async function transportFromToken(
  registry: string,
  options: RegistryTransportOptions & { readonly challenge: RegistryChallenge; readonly token: Token },
): Promise<Transport> {
  const { challenge, token, scopes = [], now = Date.now } = options;
  const cache = options.tokenCache ?? createTokenCache();
  const origin = remember(cache, registry, challenge);
  if (challenge.scheme === "bearer") {
    const kept = { authorization: `Bearer ${token.token}`, scopes, ...tokenLife(token, now()) };
    await cache.load(origin, scopeKey(scopes), async () => kept);
  }
  return assemble(registry, challenge, { ...options, tokenCache: cache });
}

function assemble(
  registry: string,
  challenge: RegistryChallenge,
  options: RegistryTransportOptions & { readonly tokenCache: TokenCache },
): Transport {
  return completeWith(
    options.transport,
    schemeLayer(registry, challenge.insecure ? "http" : "https"),
    authLayer(authOptions(registry, options, options.tokenCache)),
    userAgentLayer(options.userAgent),
  );
}

function authOptions(registry: string, options: RegistryTransportOptions, tokenCache: TokenCache): AuthOptions {
  return { ...options, registry, tokenCache, hints: withScopes(NO_SCOPE_HINTS, options.scopes ?? []) };
}

/** Notes what the registry wants. Returns its origin. */
function remember(cache: TokenCache, registry: string, challenge: RegistryChallenge): string {
  const { origin } = registryOrigin(registry, challenge.insecure ? "http" : "https");
  const answerable: Challenge = { scheme: challenge.scheme, parameters: challenge.parameters };
  if (challenge.scheme === "bearer" || challenge.scheme === "basic") cache.remember(origin, knownChallenge(answerable));
  else if (challenge.scheme !== "") {
    const operation = `authenticate to "${registry}"`;
    const message = `Cannot ${operation}: it asks for "${plainText(challenge.scheme.slice(0, 100))}", which is not supported`;
    throw new AuthError(message, { operation, method: "GET", url: origin });
  }
  return origin;
}
