import { authLayer } from "../auth/auth-layer.ts";
import type { AuthOptions } from "../auth/auth-options.ts";
import { createTokenCache, type TokenCache } from "../auth/token-cache.ts";
import type { CredentialSource } from "../credentials/credential.ts";
import { hooksLayer } from "../transport/hooks-layer.ts";
import { type LogSink, loggingLayer } from "../transport/logging-layer.ts";
import { type RedirectOptions, redirectLayer } from "../transport/redirect-layer.ts";
import { type RetryOptions, retryLayer } from "../transport/retry-layer.ts";
import { type ClosableTransport, composeTransport, type Transport } from "../transport/transport.ts";
import { createUndiciTransport, type UndiciTransportOptions } from "../transport/undici-transport.ts";
import { userAgentLayer } from "../transport/user-agent-layer.ts";
import { both, type ClientHooks } from "./client-hooks.ts";

/** What the transport of a connection is made of. */
export interface TransportStackOptions {
  /** Who we are; default: nobody. */
  readonly credentials?: CredentialSource;
  /**
   * How challenges are answered. Tokens are the stack's own, unless there is a `tokenCache` that others use too. Absent, with `credentials` and
   * `http`: they are shared with all others that say nothing of these.
   */
  readonly auth?: Omit<AuthOptions, "credentials" | "registry">;
  /** Which redirects are followed. */
  readonly redirects?: RedirectOptions;
  /** What is sent again, how often and when; false: nothing. */
  readonly retry?: RetryOptions | false;
  /** Stands before `berth/<version>` in what every request says of its sender: `my-tool/1.0`. */
  readonly userAgent?: string;
  /** Told of every request that goes out, those for tokens included, of retries, tokens, warnings and progress. */
  readonly hooks?: ClientHooks;
  /** Gets a debug log of requests and answers, without their secrets. */
  readonly log?: LogSink;
  /** Times, limits, proxies and certificates of connections. Absent: sockets are shared with all others that say nothing of it. */
  readonly http?: UndiciTransportOptions;
}

/** The transport for one registry. */
export interface TransportStack {
  readonly transport: Transport;
  /** The lowest layers: no credentials, no redirects, no retries. */
  readonly base: Transport;
  /** Closes connections that nothing else uses. */
  close(): Promise<void>;
}

/**
 * Builds the transport for one registry: redirects around authentication around retries around the user agent, hooks and the log around
 * HTTP. So each hop of a redirect is authenticated by itself, requests for tokens are retried as well, and each retry is seen.
 */
export function createTransportStack(registry: string, options: TransportStackOptions): TransportStack {
  const { credentials, auth, redirects, retry, userAgent, hooks, log, http } = options;
  const own = http === undefined ? undefined : createUndiciTransport(http);
  const isPlain = own === undefined && userAgent === undefined && hooks === undefined && log === undefined;
  const base = isPlain
    ? sharedNamed()
    : composeTransport(
        own ?? sharedBase(),
        userAgentLayer(userAgent),
        ...(hooks === undefined ? [] : [hooksLayer(hooks)]),
        ...(log === undefined ? [] : [loggingLayer(log)]),
      );
  const onRetry = both((retry || undefined)?.onRetry, hooks?.onRetry);
  const onSlowdown = both((retry || undefined)?.onSlowdown, hooks?.onSlowdown);
  const onToken = both(auth?.onToken, hooks?.onToken);
  const ownRetry = (): Transport => retryLayer({ ...retry, ...(onRetry && { onRetry }), ...(onSlowdown && { onSlowdown }) })(base);
  const patient = retry === false ? base : isPlain && retry === undefined ? sharedPatient() : ownRetry();
  const transport = composeTransport(
    patient,
    redirectLayer(redirects),
    authLayer({
      registry,
      ...(own === undefined && credentials === undefined && auth === undefined && { tokenCache: sharedTokens() }),
      ...(credentials && { credentials }),
      ...auth,
      ...(onToken && { onToken }),
    }),
  );
  return { transport, base, close: async () => await own?.close() };
}

// What connections share that say nothing of their own. All of it is made on first use, and none of it keeps a process alive.

let base: ClosableTransport | undefined;
let named: Transport | undefined;
let patient: Transport | undefined;
let tokens: TokenCache | undefined;

/** One pool of sockets; idle ones end by themselves. */
function sharedBase(): ClosableTransport {
  base ??= createUndiciTransport();
  return base;
}

function sharedNamed(): Transport {
  named ??= userAgentLayer()(sharedBase());
  return named;
}

/** One set of hosts that asked to slow down. */
function sharedPatient(): Transport {
  patient ??= retryLayer()(sharedNamed());
  return patient;
}

/** Tokens that were given to nobody, by token servers that all trust: those of a credential would be taken for anybody's. */
function sharedTokens(): TokenCache {
  tokens ??= createTokenCache();
  return tokens;
}
