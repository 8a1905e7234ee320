import { type Challenge, parseChallenges } from "@berth/oci";
import { AuthError } from "../errors.ts";
import { drain } from "../transport/drain.ts";
import { failureOf, operationOf } from "../transport/network-error.ts";
import type { Transport, TransportLayer, TransportRequest, TransportResponse } from "../transport/transport.ts";
import type { AuthOptions } from "./auth-options.ts";
import { type AuthTarget, authTarget } from "./auth-target.ts";
import { chooseChallenge } from "./choose-challenge.ts";
import { blamesExpiredToken } from "./expired-token.ts";
import { bearerChallenge, type KnownChallenge, knownChallenge } from "./known-challenge.ts";
import { assertReplayable, canReplay, outlivesToken, shouldAskFirst } from "./replay.ts";
import { coversScopes } from "./scopes.ts";
import { type CachedToken, createTokenCache, type TokenCache } from "./token-cache.ts";
import { createTokenSource, type TokenSource } from "./token-source.ts";

/** Times that one request is sent at most: as it is or with a token of before, with another one of before, with a new one. */
const MAX_SENDS = 3;

/** Milliseconds that a token may have been held when a long body starts. */
const NEW_MS = 5000;

/** What a request was sent with. */
interface Sent {
  readonly token: CachedToken;
  /** True when it was made for this very request. */
  readonly fresh: boolean;
}

/**
 * Answers challenges: `Basic` with the credential, `Bearer` with a token of the token server that the registry names. What worked for a
 * host is used for its next requests. Requests that have an `Authorization` pass as they are. Each host has its own credential and
 * tokens, so that after a redirect nothing goes where it does not belong. A 401 that nothing more can be done about is returned.
 *
 * Its transport @throws {AuthError} when there is no way to answer, and `UnreplayableBodyError` when there is one, but the body is gone; a
 * token is then at hand for a second call.
 *
 * @see OCI distribution-spec, "Authentication"; oras-go, auth.Client; RFC 9110, section 11
 */
export function authLayer(options: AuthOptions = {}): TransportLayer {
  return layerOf(options, "any");
}

/** @internal Only `Bearer` challenges, or any. */
export function layerOf(options: AuthOptions, schemes: "any" | "bearer"): TransportLayer {
  const settings: Settings = { ...options, tokenCache: options.tokenCache ?? createTokenCache(), schemes };
  return (inner) => {
    const client = new AuthClient(inner, settings);
    return (request) => client.send(request);
  };
}

interface Settings extends AuthOptions {
  readonly tokenCache: TokenCache;
  readonly schemes: "any" | "bearer";
}

class AuthClient {
  readonly #inner: Transport;
  readonly #source: TokenSource;
  readonly #options: Settings;

  constructor(inner: Transport, options: Settings) {
    this.#inner = inner;
    this.#source = createTokenSource(inner, options.tokenCache, options);
    this.#options = options;
  }

  async send(original: TransportRequest): Promise<TransportResponse> {
    const request = { ...original, headers: { ...this.#options.headers, ...original.headers } };
    if (this.#isForeignProof(request.headers["authorization"])) return await this.#inner(request);
    const target = authTarget(request, this.#options);
    let sent = await this.#first(target, request);
    for (let sends = 1; ; sends++) {
      const response = await this.#inner(authorized(request, sent));
      if (sent === undefined) this.#noteOpen(target, request, response);
      if (sends === MAX_SENDS) return response;
      const { answer, next } = await this.#afterwards(target, request, response, sent).catch(async (error: unknown) => {
        await drain(response);
        throw error;
      });
      if (next === undefined) return answer;
      await drain(answer);
      assertReplayable(request);
      sent = next;
    }
  }

  /** What to send at first; undefined: nothing. */
  async #first(target: AuthTarget, request: TransportRequest): Promise<Sent | undefined> {
    const { tokenCache, registry, preemptiveBasic } = this.#options;
    const { signal } = request;
    let known = tokenCache.challenge(target.origin);
    if (known === undefined && target.own && shouldAskFirst(request)) known = await this.#ask(target, request);
    if (known === undefined || known.scheme === "open") {
      return target.own && registry !== undefined && preemptiveBasic ? old(await this.#source.direct(target, signal)) : undefined;
    }
    if (known.scheme === "basic") return old(await this.#source.direct(target, signal));
    const askFirst = target.own && shouldAskFirst(request); // then a token that may not suffice is no good
    const token = tokenCache.find(target.origin, target.likely) ?? (askFirst ? undefined : tokenCache.find(target.origin, target.hints));
    const age = this.#now() - (token?.receivedAt ?? 0);
    const usable = token !== undefined && this.#now() < token.renewAt && !(outlivesToken(request) && age > NEW_MS);
    if (usable) return old(token);
    if (token === undefined && !askFirst) return undefined;
    return { token: await this.#source.bearer(target, bearerChallenge(known, token?.scopes ?? target.likely), [], signal), fresh: true };
  }

  /** Whoever takes a write from nobody in particular takes the next one too. Reads say nothing of writes. */
  #noteOpen(target: AuthTarget, { method }: TransportRequest, { status }: TransportResponse): void {
    const { tokenCache } = this.#options;
    const isWrite = method !== "GET" && method !== "HEAD";
    if (!target.own || !isWrite || status >= 300 || tokenCache.challenge(target.origin) !== undefined) return;
    tokenCache.remember(target.origin, { scheme: "open" });
  }

  /** What to send next; undefined: the answer is the last word. */
  async #afterwards(
    target: AuthTarget,
    request: TransportRequest,
    response: TransportResponse,
    sent: Sent | undefined,
  ): Promise<{ readonly answer: TransportResponse; readonly next?: Sent | undefined }> {
    if (response.status === 401) return { answer: response, next: await this.#answerChallenge(target, request, response, sent) };
    const known = this.#options.tokenCache.challenge(target.origin);
    if ((response.status !== 400 && response.status !== 403) || sent === undefined || known?.scheme !== "bearer" || !canReplay(request)) {
      return { answer: response };
    }
    const pastLife = this.#now() >= sent.token.expiresAt;
    if (sent.fresh && !pastLife) return { answer: response };
    const { blames, response: answer } = await blamesExpiredToken(response, pastLife);
    if (!blames) return { answer };
    this.#options.tokenCache.drop(target.origin, sent.token);
    const token = await this.#source.bearer(target, bearerChallenge(known, sent.token.scopes), [], request.signal);
    return { answer, next: { token, fresh: true } };
  }

  async #answerChallenge(
    target: AuthTarget,
    request: TransportRequest,
    response: TransportResponse,
    sent: Sent | undefined,
  ): Promise<Sent | undefined> {
    const challenges = this.#challengesOf(response);
    const challenge = chooseChallenge(challenges, target.url, this.#options);
    if (challenge === undefined) {
      if (challenges.length === 0 || !target.own) return undefined;
      const schemes = challenges.map(({ scheme }) => `"${scheme}"`).join(", ");
      throw authError(request, `asks for ${schemes}, which is not supported: Basic and Bearer are`);
    }
    this.#options.tokenCache.remember(target.origin, knownChallenge(challenge));
    if (challenge.scheme === "bearer") return await this.#answerBearer(target, challenge, request, sent);
    const direct = await this.#source.renewDirect(target, request.signal);
    if (direct === undefined && target.own) {
      throw authError(request, "asks for a user name and password, and there is no credential for it: log in first");
    }
    return direct === undefined || direct.authorization === sent?.token.authorization ? undefined : { token: direct, fresh: true };
  }

  async #answerBearer(
    target: AuthTarget,
    challenge: Challenge,
    request: TransportRequest,
    sent: Sent | undefined,
  ): Promise<Sent | undefined> {
    const { tokenCache } = this.#options;
    const challenged = (challenge.parameters.get("scope") ?? "").split(" ").filter((scope) => scope !== "");
    if (sent !== undefined && coversScopes(sent.token.scopes, challenged)) {
      if (sent.fresh) return undefined;
      tokenCache.drop(target.origin, sent.token); // it should have been enough
    }
    const kept = tokenCache.find(target.origin, [...challenged, ...target.hints]);
    if (kept !== undefined && kept.authorization !== sent?.token.authorization && this.#now() < kept.renewAt) return old(kept);
    const token = await this.#source.bearer(target, challenge, target.hints, request.signal);
    return token.authorization === sent?.token.authorization ? undefined : { token, fresh: true };
  }

  /** Asks the registry what it wants, with a request that costs nothing, so that a body is not sent in vain. */
  async #ask(target: AuthTarget, { url, headers, signal }: TransportRequest): Promise<KnownChallenge | undefined> {
    const at = url.pathname.indexOf("/v2/");
    if (at < 0) return undefined;
    const root = new URL(`${url.origin}${url.pathname.slice(0, at)}/v2/`);
    const agent = headers["user-agent"];
    const response = await this.#inner({
      method: "GET",
      url: root,
      headers: { ...this.#options.headers, ...(agent !== undefined && { "user-agent": agent }) },
      operation: `ask "${url.host}" for its authentication`,
      ...(signal && { signal }),
    });
    await drain(response);
    const { tokenCache } = this.#options;
    const challenge = chooseChallenge(this.#challengesOf(response), target.url, this.#options);
    if (response.status === 401 && challenge !== undefined) tokenCache.remember(target.origin, knownChallenge(challenge));
    else if (response.status === 200) tokenCache.remember(target.origin, { scheme: "open" });
    return tokenCache.challenge(target.origin);
  }

  #challengesOf(response: TransportResponse): readonly Challenge[] {
    const challenges = parseChallenges(response.headers["www-authenticate"]);
    const { schemes, disableBasic = false } = this.#options;
    if (schemes === "bearer") return challenges.filter(({ scheme }) => scheme === "bearer");
    return disableBasic ? challenges.filter(({ scheme }) => scheme !== "basic") : challenges;
  }

  /** True for an authorization that the caller chose, and that is not ours to replace. */
  #isForeignProof(authorization: string | undefined): boolean {
    return authorization !== undefined && !(this.#options.schemes === "bearer" && /^basic /i.test(authorization));
  }

  #now(): number {
    return this.#options.now?.() ?? Date.now();
  }
}

function old(token: CachedToken | undefined): Sent | undefined {
  return token && { token, fresh: false };
}

function authorized(request: TransportRequest, sent: Sent | undefined): TransportRequest {
  return sent === undefined ? request : { ...request, headers: { ...request.headers, authorization: sent.token.authorization } };
}

function authError(request: TransportRequest, what: string): AuthError {
  return new AuthError(`Cannot ${operationOf(request)}: "${request.url.host}" ${what}`, failureOf(request));
}
