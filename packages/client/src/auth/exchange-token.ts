import { BerthError, type Challenge } from "@berth/oci";
import { type Credential, isAnonymous } from "../credentials/credential.ts";
import { AuthError, ProtocolError, type RequestFailure } from "../errors.ts";
import { drain } from "../transport/drain.ts";
import { failureOf } from "../transport/network-error.ts";
import { readBounded } from "../transport/read-bounded.ts";
import { redactUrl } from "../transport/redact.ts";
import { headerValue, type RequestHeaders, type Transport, type TransportResponse } from "../transport/transport.ts";
import { isWeb, mayHoldSecrets, realmName, type RealmRules, realmProblem, TRUST_REALM } from "./realm.ts";
import { joinScopes } from "./scopes.ts";
import { parseToken, type Token } from "./token.ts";
import { MEND_REALM } from "./token-advice.ts";
import { sendTokenRequest } from "./token-hops.ts";
import { tokenRefusal } from "./token-refusal.ts";
import { getTokenRequest, type OAuth2Grant, oauth2TokenRequest, type TokenWish } from "./token-request.ts";

/** Bytes that the answer of a token server may have. */
export const MAX_TOKEN_BYTES = 131_072;

/** Milliseconds that it may take to come: everybody who wants the token waits for it. */
const MAX_TOKEN_MS = 30_000;

/** What a token is proved with. */
export type TokenGrant = "anonymous" | "password" | "refresh_token";

/** Options of {@link exchangeToken}. */
export interface ExchangeTokenOptions extends RealmRules {
  /** Any URL of the registry: its scheme and host decide which realms are trusted. */
  readonly registry: URL;
  /** What the registry asked for: a `Bearer` challenge. */
  readonly challenge: Pick<Challenge, "scheme" | "parameters">;
  /** Sends the request. Redirects are followed here, so it need not. */
  readonly transport: Transport;
  /** Default: nobody. */
  readonly credential?: Credential;
  /** Scopes wanted beyond those of the challenge, which come first. */
  readonly scopes?: readonly string[];
  /** What the client calls itself in requests by POST; default `berth`. */
  readonly clientId?: string;
  /** Whether user name and password are sent by POST, as OAuth2 has it; default false: as `Basic` by GET. */
  readonly forceOAuth2?: boolean;
  /** Header fields for the token request. */
  readonly headers?: RequestHeaders;
  readonly signal?: AbortSignal;
}

/**
 * Gets a token from the token server that a challenge names. An identity or refresh token goes by POST, and when the server does not know
 * that (404, 405) by GET; user name and password go by GET.
 *
 * @throws {AuthError} when the challenge has no realm, the realm is not trusted, or the server gives no token.
 * @throws {NetworkError}
 * @see distribution, "Token Authentication Specification"; ggcr, transport.Exchange
 */
export async function exchangeToken(options: ExchangeTokenOptions): Promise<Token> {
  try {
    return await exchange(options);
  } catch (error) {
    // what failed was asked of the token server: who signs in does so at the registry
    throw error instanceof AuthError ? Object.assign(error, { registry: options.registry.host }) : error;
  }
}

async function exchange(options: ExchangeTokenOptions): Promise<Token> {
  const { registry, challenge, credential, clientId = "berth" } = options;
  const operation = `get token for "${registry.host}"`;
  const realm = checkedRealm(options, operation);
  const wish: TokenWish = {
    realm,
    service: challenge.parameters.get("service"),
    scopes: joinScopes(challenge.parameters.get("scope") ?? "", options.scopes ?? []),
    operation,
    headers: options.headers ?? {},
    signal: options.signal,
  };
  if (!isAnonymous(credential) && !mayHoldSecrets(registry, realm, options)) {
    throw new AuthError(`Cannot ${operation}: the credential is not sent to "${realm.host}": it is of another domain; ${TRUST_REALM}`, {
      operation,
      method: "GET",
      url: redactUrl(realm),
      untrustedRealm: realm.host,
    });
  }
  const grant = oauth2Grant(credential, options.forceOAuth2 === true, operation, realm);
  if (grant !== undefined) {
    const response = await sendTokenRequest(options.transport, oauth2TokenRequest(wish, grant, clientId), options);
    if (response.status !== 404 && response.status !== 405) return await readToken(response, operation);
    await drain(response);
  }
  return await readToken(await sendTokenRequest(options.transport, getTokenRequest(wish, credential), options), operation);
}

function checkedRealm({ registry, challenge, ...rules }: ExchangeTokenOptions, operation: string): URL {
  const failure = { operation, method: "GET", url: redactUrl(registry) };
  if (challenge.scheme !== "bearer") {
    throw new AuthError(`Cannot ${operation}: the challenge is "${challenge.scheme}", tokens need "bearer"`, failure);
  }
  const text = challenge.parameters.get("realm") ?? "";
  const realm = URL.parse(text);
  if (realm === null) {
    throw wrongRealm(`malformed challenge: its realm is ${text === "" ? "missing" : `no URL: "${realmName(text)}"`}`, failure);
  }
  const problem = realmProblem(registry, realm, rules);
  if (problem === undefined) return realm;
  const refused = `the token server "${realmName(text)}" is refused: ${problem}`;
  if (!isWeb(realm)) throw wrongRealm(refused, failure);
  throw new AuthError(`Cannot ${operation}: ${refused}`, { ...failure, url: redactUrl(realm), untrustedRealm: realm.host });
}

/** The error for a realm that nobody could ask: neither a credential nor trust would make it better. */
function wrongRealm(what: string, failure: RequestFailure): AuthError {
  const message = `Cannot ${failure.operation}: ${what}; ${MEND_REALM}`;
  return new AuthError(message, { ...failure, cause: new ProtocolError(message, failure) });
}

/** Undefined: by GET. */
function oauth2Grant(credential: Credential | undefined, force: boolean, operation: string, realm: URL): OAuth2Grant | undefined {
  if (credential?.refreshToken) return { type: "refresh_token", refreshToken: credential.refreshToken };
  if (!force || isAnonymous(credential)) return undefined;
  const { username, password } = credential ?? {};
  if (username && password) return { type: "password", username, password };
  const missing = username ? "password" : "user name";
  throw new AuthError(`Cannot ${operation}: the credential has no ${missing}`, { operation, method: "POST", url: redactUrl(realm) });
}

async function readToken(response: TransportResponse, operation: string): Promise<Token> {
  const contentType = headerValue(response.headers, "content-type");
  const failure = { ...failureOf(response.request), operation, host: response.request.url.host, ...(contentType && { contentType }) };
  if (response.status !== 200) throw await tokenRefusal(response, operation);
  try {
    return parseToken(await readBounded(response, MAX_TOKEN_BYTES, "answer of a token server", undefined, MAX_TOKEN_MS), failure);
  } catch (error) {
    if (!BerthError.is(error) || error.code !== "ERR_LIMIT_EXCEEDED") throw error;
    throw new AuthError(`Cannot ${operation}: the answer of the token server "${failure.host}" is longer than ${MAX_TOKEN_BYTES} bytes`, {
      ...failure,
      cause: error,
    });
  }
}
