import { createHash } from "node:crypto";
import type { Challenge } from "@berth/oci";
import { type Credential, isAnonymous } from "../credentials/credential.ts";
import { AuthError, ResponseError } from "../errors.ts";
import { redactUrl } from "../transport/redact.ts";
import type { Transport } from "../transport/transport.ts";
import type { AuthOptions } from "./auth-options.ts";
import type { AuthTarget } from "./auth-target.ts";
import { strictAuthorization } from "./basic-credential.ts";
import { type ExchangeTokenOptions, exchangeToken } from "./exchange-token.ts";
import { joinScopes, scopeKey } from "./scopes.ts";
import { MIN_TOKEN_SECONDS, type Token, tokenLife } from "./token.ts";
import type { CachedToken, TokenCache } from "./token-cache.ts";

/** Makes what requests are authorized with, and keeps it in the cache. */
export interface TokenSource {
  /**
   * A new token for the challenge's scopes and the hints, or the credential's own access token.
   *
   * @throws {AuthError} @throws {NetworkError}
   */
  bearer(target: AuthTarget, challenge: Challenge, hints: readonly string[], signal: AbortSignal | undefined): Promise<CachedToken>;
  /**
   * What can be sent without a token server: the same for 50 seconds, then looked up anew. Undefined without a credential.
   *
   * @throws {AuthError} when the credential has only a user name or only a password.
   */
  direct(target: AuthTarget, signal: AbortSignal | undefined): Promise<CachedToken | undefined>;
  /** {@link direct}, looked up anew. */
  renewDirect(target: AuthTarget, signal: AbortSignal | undefined): Promise<CachedToken | undefined>;
}

/** Makes a source that asks token servers through `inner`. */
export function createTokenSource(inner: Transport, cache: TokenCache, options: AuthOptions): TokenSource {
  const { credentials, now = Date.now } = options;
  const lookUp = async (target: AuthTarget, signal: AbortSignal): Promise<Credential | undefined> =>
    await credentials?.(target.credential, { signal });
  const keep = (authorization: string, scopes: readonly string[]): CachedToken => ({
    authorization,
    scopes,
    ...tokenLife({ token: "", expiresInSeconds: MIN_TOKEN_SECONDS }, now()),
  });

  const renewDirect: TokenSource["renewDirect"] = async (target, signal) => {
    const make = async (ours: AbortSignal): Promise<CachedToken> => keep(strictAuthorization(await lookUp(target, ours), target) ?? "", []);
    const found = await cache.load(target.origin, directKey(target), make, signal && { signal });
    return found.authorization === "" ? undefined : found;
  };

  return {
    renewDirect,
    async direct(target, signal) {
      const kept = cache.get(target.origin, directKey(target));
      if (kept === undefined || now() >= kept.renewAt) return await renewDirect(target, signal);
      return kept.authorization === "" ? undefined : kept;
    },
    async bearer(target, challenge, hints, signal) {
      const scopes = joinScopes(challenge.parameters.get("scope") ?? "", hints);
      const make = async (ours: AbortSignal): Promise<CachedToken> => {
        const credential = await lookUp(target, ours);
        if (credential?.accessToken) return keep(`Bearer ${credential.accessToken}`, scopes);
        const receivedAt = now();
        const wish: ExchangeTokenOptions = {
          ...options,
          registry: target.url,
          transport: inner,
          challenge,
          scopes: hints,
          signal: ours,
          ...(credential !== undefined && { credential }),
        };
        const { token, credential: used } = await exchangeWithRefresh(cache, target, wish);
        const life = tokenLife(token, receivedAt);
        report(options, { target, challenge, scopes, credential: used, expiresAt: life.expiresAt });
        return { authorization: `Bearer ${token.token}`, scopes, ...life };
      };
      return await cache.load(target.origin, scopeKey(scopes), make, signal && { signal });
    },
  };
}

/** A refresh token that came with an earlier token goes before the credential; when it is refused the credential proves us again. */
async function exchangeWithRefresh(
  cache: TokenCache,
  target: AuthTarget,
  options: ExchangeTokenOptions,
): Promise<{ readonly token: Token; readonly credential: Credential | undefined }> {
  const { credential } = options;
  const key = refreshKey(options);
  const kept = cache.refreshToken(target.origin, key);
  const remember = (token: Token): Token => {
    if (token.refreshToken !== undefined) cache.keepRefreshToken(target.origin, key, token.refreshToken);
    return token;
  };
  if (kept !== undefined) {
    const refreshing = { ...credential, refreshToken: kept };
    try {
      return { token: remember(await exchangeToken({ ...options, credential: refreshing })), credential: refreshing };
    } catch (error) {
      if (!isRefusal(error)) throw error;
      cache.keepRefreshToken(target.origin, key, undefined);
    }
  }
  return { token: remember(await exchangeToken(options)), credential };
}

/** Tells credentials and token servers apart without holding secrets. */
function refreshKey({ credential, challenge }: ExchangeTokenOptions): string {
  const { username, password, refreshToken } = credential ?? {};
  const { parameters } = challenge;
  const parts = [username, password, refreshToken, parameters.get("realm"), parameters.get("service")];
  return createHash("sha256").update(JSON.stringify(parts)).digest("base64");
}

function isRefusal(error: unknown): boolean {
  return error instanceof AuthError && error.cause instanceof ResponseError && [400, 401, 403].includes(error.cause.status);
}

function report(
  { onToken }: AuthOptions,
  made: {
    readonly target: AuthTarget;
    readonly challenge: Challenge;
    readonly scopes: readonly string[];
    readonly credential: Credential | undefined;
    readonly expiresAt: number;
  },
): void {
  const { credential, challenge } = made;
  const service = challenge.parameters.get("service");
  onToken?.({
    registry: made.target.credential.registry,
    realm: redactUrl((challenge.parameters.get("realm") ?? "").replace(/[?#].*$/s, "")),
    ...(service !== undefined && { service }),
    scopes: made.scopes,
    grant: isAnonymous(credential) ? "anonymous" : credential?.refreshToken ? "refresh_token" : "password",
    expiresAt: new Date(made.expiresAt),
  });
}

/** Credentials may differ between repositories. No scope looks like this. */
function directKey({ credential }: AuthTarget): string {
  return `direct ${credential.repository ?? ""}`;
}
