import type { CallOptions } from "@berth/oci";
import { wholeNumber } from "../number-option.ts";
import { SharedCall } from "../shared-call.ts";
import type { KnownChallenge } from "./known-challenge.ts";
import { coversScopes, scopeKey } from "./scopes.ts";
import type { TokenLife } from "./token.ts";

/** What a host was sent, and may be sent again. */
export interface CachedToken extends TokenLife {
  /** The value of the header. */
  readonly authorization: string;
  /** What it was asked for; some of it may not have been granted. */
  readonly scopes: readonly string[];
}

/**
 * Remembers, host by host, what was asked of us and which tokens there are. In memory only. Share one between layers that have the same
 * credentials, and no others: a token does not know whose it is.
 */
export interface TokenCache {
  /** What the host asked for last. `origin` as `URL.origin` has it. */
  challenge(origin: string): KnownChallenge | undefined;
  /** A change of scheme drops the host's tokens. */
  remember(origin: string, challenge: KnownChallenge): void;
  /** The token for exactly these scopes, else the newest one that has them all. It may have expired. */
  find(origin: string, scopes: readonly string[]): CachedToken | undefined;
  /** The token that was loaded under a key. */
  get(origin: string, key: string): CachedToken | undefined;
  /** Makes a token and keeps it. Calls for the same host and key share one making; an error goes to all of them and is not kept. */
  load(origin: string, key: string, make: (signal: AbortSignal) => Promise<CachedToken>, options?: CallOptions): Promise<CachedToken>;
  /** Forgets a token that was refused. */
  drop(origin: string, token: CachedToken): void;
  /** A refresh token that the host's token server gave. */
  refreshToken(origin: string, key: string): string | undefined;
  /** Undefined forgets it. */
  keepRefreshToken(origin: string, key: string, token: string | undefined): void;
}

/** Options of {@link createTokenCache}. */
export interface TokenCacheOptions {
  /** Hosts that are remembered; those not used for longest go first; default 256, `Infinity`: no limit. */
  readonly maxHosts?: number;
  /** Tokens of a host that are kept; the oldest go first; default 256, `Infinity`: no limit. */
  readonly maxTokens?: number;
  /** For clients that do one thing only: any token of the host will do when none has the wanted scopes; default false. */
  readonly singleContext?: boolean;
}

/** Makes an empty cache. The counterpart of oras' `NewCache` and, with `singleContext`, of its `NewSingleContextCache`. @throws {RangeError} */
export function createTokenCache(options: TokenCacheOptions = {}): TokenCache {
  const { singleContext = false } = options;
  const maxHosts = wholeNumber("maxHosts", options.maxHosts, 256, { orInfinity: true });
  const maxTokens = wholeNumber("maxTokens", options.maxTokens, 256, { orInfinity: true });
  const hosts = new Map<string, Host>();
  const open = (origin: string): Host => {
    const host = hosts.get(origin) ?? { challenge: undefined, tokens: new Map(), calls: new Map(), refreshTokens: new Map() };
    put(hosts, origin, host, maxHosts);
    return host;
  };
  return {
    challenge: (origin) => hosts.get(origin)?.challenge,
    remember(origin, challenge) {
      const host = open(origin);
      if (host.challenge?.scheme !== challenge.scheme) host.tokens.clear();
      host.challenge = challenge;
    },
    get: (origin, key) => hosts.get(origin)?.tokens.get(key),
    find(origin, scopes) {
      const tokens = hosts.get(origin)?.tokens;
      if (tokens === undefined) return undefined;
      const newestFirst = [...tokens.values()].toReversed();
      const covers = ({ scopes: held }: CachedToken): boolean => scopes.length > 0 && coversScopes(held, scopes);
      return tokens.get(scopeKey(scopes)) ?? newestFirst.find(covers) ?? (singleContext ? newestFirst[0] : undefined);
    },
    async load(origin, key, make, { signal } = {}) {
      const { calls } = open(origin);
      const running = calls.get(key);
      if (running !== undefined && !running.isAbandoned) return await running.join(signal);
      const call = new SharedCall(async (ours) => {
        const token = await make(ours);
        put(open(origin).tokens, key, token, maxTokens);
        return token;
      });
      calls.set(key, call);
      void call.settled.then(() => {
        if (calls.get(key) === call) calls.delete(key);
      });
      return await call.join(signal);
    },
    drop(origin, token) {
      const tokens = hosts.get(origin)?.tokens;
      for (const [key, kept] of tokens ?? []) if (kept === token) tokens?.delete(key);
    },
    refreshToken: (origin, key) => hosts.get(origin)?.refreshTokens.get(key),
    keepRefreshToken(origin, key, token) {
      if (token === undefined) hosts.get(origin)?.refreshTokens.delete(key);
      else put(open(origin).refreshTokens, key, token, maxTokens);
    },
  };
}

interface Host {
  challenge: KnownChallenge | undefined;
  readonly tokens: Map<string, CachedToken>;
  readonly calls: Map<string, SharedCall<CachedToken>>;
  readonly refreshTokens: Map<string, string>;
}

/** Puts an entry last, and removes the first ones when there are too many. */
function put<T>(map: Map<string, T>, key: string, value: T, max: number): void {
  map.delete(key);
  map.set(key, value);
  for (const oldest of map.keys()) {
    if (map.size <= max) break;
    map.delete(oldest);
  }
}
