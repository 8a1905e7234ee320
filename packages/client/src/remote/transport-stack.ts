import { authLayer } from "../auth/auth-layer.ts";
import type { AuthOptions } from "../auth/auth-options.ts";
import { createTokenCache, type TokenCache } from "../auth/token-cache.ts";
import type { CredentialSource } from "../credentials/credential.ts";
import { type RedirectOptions, redirectLayer } from "../transport/redirect-layer.ts";
import { type RetryOptions, retryLayer } from "../transport/retry-layer.ts";
import { type ClosableTransport, composeTransport, type Transport } from "../transport/transport.ts";
import { createUndiciTransport, type UndiciTransportOptions } from "../transport/undici-transport.ts";

/** What the transport of a connection is made of. */
export interface TransportStackOptions {
  /** Who we are; default: nobody. */
  readonly credentials?: CredentialSource;
  /** How challenges are answered. */
  readonly auth?: Omit<AuthOptions, "credentials" | "registry">;
  /** Which redirects are followed. */
  readonly redirects?: RedirectOptions;
  /** What is sent again, how often and when; false: nothing. */
  readonly retry?: RetryOptions | false;
  /** Times, limits, proxies and certificates of connections. Absent: sockets are shared with all others that say nothing of it. */
  readonly http?: UndiciTransportOptions;
}

/** The transport for one registry. */
export interface TransportStack {
  readonly transport: Transport;
  /** The lowest layer: no credentials, no redirects, no retries. */
  readonly base: Transport;
  /** Closes connections that nothing else uses. */
  close(): Promise<void>;
}

/**
 * Builds the transport for one registry: redirects around authentication around retries around HTTP, so that each hop of a redirect is
 * authenticated by itself, and requests for tokens are retried as well.
 */
export function createTransportStack(registry: string, options: TransportStackOptions): TransportStack {
  const { credentials, auth, redirects, retry, http } = options;
  const own = http === undefined ? undefined : createUndiciTransport(http);
  const base = own ?? sharedBase();
  const patient = retry === false ? base : own === undefined && retry === undefined ? sharedPatient() : retryLayer(retry)(base);
  const transport = composeTransport(
    patient,
    redirectLayer(redirects),
    authLayer({
      registry,
      ...(credentials === undefined ? { tokenCache: anonymousTokens() } : { credentials }),
      ...auth,
    }),
  );
  return { transport, base, close: async () => await own?.close() };
}

// What connections share that say nothing of their own. All of it is made on first use, and none of it keeps a process alive.

let base: ClosableTransport | undefined;
let patient: Transport | undefined;
let tokens: TokenCache | undefined;

/** One pool of sockets; idle ones end by themselves. */
function sharedBase(): ClosableTransport {
  base ??= createUndiciTransport();
  return base;
}

/** One set of hosts that asked to slow down. */
function sharedPatient(): Transport {
  patient ??= retryLayer()(sharedBase());
  return patient;
}

/** Tokens that were given to nobody are anybody's. Those of a credential never leave their connection. */
function anonymousTokens(): TokenCache {
  tokens ??= createTokenCache();
  return tokens;
}
