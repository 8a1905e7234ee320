import { AuthError, ProtocolError, type RequestFailure } from "../errors.ts";
import { isWebPage, PAGE_IN_BETWEEN } from "../transport/web-page.ts";
import { describeAnswer } from "./describe-answer.ts";
import { MEND_REALM } from "./token-advice.ts";

/** Seconds that a token lives when its server does not say, or says less: what the specification promises to old clients. */
export const MIN_TOKEN_SECONDS = 60;

/**
 * What a token server gave.
 *
 * @see distribution, "Token Authentication Specification"; ggcr, transport.Token
 */
export interface Token {
  /** What is sent behind `Bearer`. */
  readonly token: string;
  /** Asks for further tokens in place of the credential. */
  readonly refreshToken?: string;
  /** As the server said; absent when it did not. */
  readonly expiresInSeconds?: number;
  /** As the server's clock has it. */
  readonly issuedAt?: Date;
}

/** When a token was asked for and until when it can be used; milliseconds since 1970. */
export interface TokenLife {
  /** The moment before the token was asked for, by our clock. */
  readonly receivedAt: number;
  /** A new one is asked for from here on: 5 to 10 seconds before the end. */
  readonly renewAt: number;
  /** Counts from what the server said where its clock may be right, else from `receivedAt`. */
  readonly expiresAt: number;
}

/**
 * Reads the answer of a token server. `access_token` goes before `token`.
 *
 * @throws {AuthError} when there is no token in it, or one that cannot stand in a header.
 */
export function parseToken(body: Uint8Array, failure: RequestFailure & { readonly host: string; readonly contentType?: string }): Token {
  const server = `the token server "${failure.host}"`;
  const answer = readObject(body) ?? {};
  const token = text(answer["access_token"]) ?? text(answer["token"]);
  if (token === undefined) {
    const advice = isWebPage(body, failure.contentType) ? PAGE_IN_BETWEEN : MEND_REALM;
    throw nonsense(failure, `${server} answered without a token: ${describeAnswer(body, failure.contentType)}; ${advice}`);
  }
  if (!/^[\x21-\x7e]+$/.test(token)) throw nonsense(failure, `the token of ${server} has characters that cannot stand in a header`);
  const refreshToken = text(answer["refresh_token"]);
  const expiresInSeconds = seconds(answer["expires_in"]);
  const issuedAt = new Date(text(answer["issued_at"]) ?? Number.NaN);
  return concealedToken({
    token,
    ...(refreshToken !== undefined && { refreshToken }),
    ...(expiresInSeconds !== undefined && { expiresInSeconds }),
    ...(!Number.isNaN(issuedAt.getTime()) && { issuedAt }),
  });
}

/** The error for an answer that is none: another credential would not make it better. */
function nonsense(failure: RequestFailure, what: string): AuthError {
  const message = `Cannot ${failure.operation}: ${what}`;
  return new AuthError(message, { ...failure, cause: new ProtocolError(message, failure) });
}

/**
 * How long a token can be used. It counts from `issued_at`, unless that lies in the future or would have the token expired as it came: then
 * the server's clock is wrong, and it counts from `receivedAt`, the moment before it was asked for.
 */
export function tokenLife(token: Token, receivedAt: number): TokenLife {
  const life = Math.max(token.expiresInSeconds ?? 0, MIN_TOKEN_SECONDS) * 1000;
  const early = Math.min(Math.max(life / 10, 5000), 10_000);
  const issuedAt = token.issuedAt?.getTime() ?? receivedAt;
  const start = issuedAt > receivedAt || issuedAt + life - early <= receivedAt ? receivedAt : issuedAt;
  return { receivedAt, renewAt: start + life - early, expiresAt: start + life };
}

/** The same token; `util.inspect` and `console.log` show that there is one, not which. */
export function concealedToken(token: Token): Token {
  const shown = { ...token, token: "<concealed>", ...(token.refreshToken !== undefined && { refreshToken: "<concealed>" }) };
  return Object.defineProperty({ ...token }, INSPECT, { value: () => shown, enumerable: false });
}

const INSPECT: symbol = Symbol.for("nodejs.util.inspect.custom");

function readObject(body: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(body));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined; // not JSON: no token to find
  }
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** Some servers quote the number. */
function seconds(value: unknown): number | undefined {
  const number = typeof value === "string" && /^\d{1,12}$/.test(value) ? Number(value) : value;
  return typeof number === "number" && number > 0 && number <= MAX_SECONDS ? number : undefined;
}

/** A hundred years: more is a mistake, and would leave the range of dates. */
const MAX_SECONDS = 3_155_760_000;
