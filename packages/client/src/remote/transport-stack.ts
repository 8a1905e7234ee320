import { authLayer } from "../auth/auth-layer.ts";
import type { AuthOptions } from "../auth/auth-options.ts";
import { createTokenCache, type TokenCache } from "../auth/token-cache.ts";
import type { CredentialSource } from "../credentials/credential.ts";
import { type RedirectOptions, redirectLayer } from "../transport/redirect-layer.ts";
import { type ClosableTransport, composeTransport } from "../transport/transport.ts";
import { createUndiciTransport, type UndiciTransportOptions } from "../transport/undici-transport.ts";

/** What the transport of a connection is made of. */
export interface TransportStackOptions {
  /** Who we are; default: nobody. */
  readonly credentials?: CredentialSource;
  /** How challenges are answered. */
  readonly auth?: Omit<AuthOptions, "credentials" | "registry">;
  /** Which redirects are followed. */
  readonly redirects?: RedirectOptions;
  /** Times, limits and certificates of connections. Absent: connections are shared with all others that have none. */
  readonly http?: UndiciTransportOptions;
}

/**
 * Builds the transport for one registry: redirects around authentication around HTTP, so that each hop of a redirect is authenticated by
 * itself.
 */
export function createTransportStack(registry: string, options: TransportStackOptions): ClosableTransport {
  const { credentials, auth, redirects, http } = options;
  const base = http === undefined ? sharedTransport() : createUndiciTransport(http);
  const transport = composeTransport(
    base,
    redirectLayer(redirects),
    authLayer({
      registry,
      ...(credentials === undefined ? { tokenCache: anonymousTokens() } : { credentials }),
      ...auth,
    }),
  );
  return Object.assign(transport, { close: async () => (http === undefined ? undefined : await base.close()) });
}

let transport: ClosableTransport | undefined;

/** One pool for all connections that want nothing special; its idle sockets keep no process alive and end by themselves. */
function sharedTransport(): ClosableTransport {
  transport ??= createUndiciTransport();
  return transport;
}

let tokens: TokenCache | undefined;

/** Tokens that were given to nobody are anybody's. Those of a credential never leave their connection. */
function anonymousTokens(): TokenCache {
  tokens ??= createTokenCache();
  return tokens;
}
