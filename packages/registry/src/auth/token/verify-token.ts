import { type JWTPayload, jwtVerify } from "jose";
import { parseTokenAccess, type TokenAccess } from "./token-access.ts";
import type { TrustedKeys } from "./trusted-keys.ts";

/** Seconds that clocks may differ. */
export const LEEWAY_SECONDS = 60;

/** Algorithms that tokens may be signed with, unless told otherwise: those where the registry cannot sign itself. */
export const DEFAULT_SIGNING_ALGORITHMS: readonly string[] = [
  "EdDSA",
  "RS256",
  "RS384",
  "RS512",
  "ES256",
  "ES384",
  "ES512",
  "PS256",
  "PS384",
  "PS512",
];

/** Every algorithm that there is. */
export const SIGNING_ALGORITHMS: readonly string[] = [...DEFAULT_SIGNING_ALGORITHMS, "HS256", "HS384", "HS512"];

/** What a token must be. */
export interface TokenRules {
  readonly keys: TrustedKeys;
  /** Its `iss`. */
  readonly issuer: string;
  /** What its `aud` has to hold. */
  readonly service: string;
  /** Those that it may be signed with, as JWS calls them. */
  readonly algorithms: readonly string[];
}

/** A token that holds. */
export interface VerifiedToken {
  /** Empty: anonymous. */
  readonly user: string;
  readonly access: TokenAccess;
  /** Seconds since 1970, with the leeway. */
  readonly validUntil: number;
}

/** Checks signature and claims; undefined for a token that does not hold, whatever is wrong with it. @see RFC 7519 */
export async function verifyToken(token: string, { keys, issuer, service, algorithms }: TokenRules): Promise<VerifiedToken | undefined> {
  let payload: JWTPayload;
  try {
    const keyOf: Parameters<typeof jwtVerify>[1] = (header) => {
      const key = keys.find(header);
      if (key === undefined) throw new TypeError("the key is not trusted");
      return key;
    };
    const options = {
      algorithms: [...algorithms],
      issuer,
      audience: service,
      clockTolerance: LEEWAY_SECONDS,
      requiredClaims: ["exp"],
    };
    ({ payload } = await jwtVerify(token, keyOf, options));
  } catch {
    return undefined;
  }
  const access = parseTokenAccess(payload["access"]);
  if (access === undefined) return undefined;
  return { user: payload.sub ?? "", access, validUntil: (payload.exp ?? 0) + LEEWAY_SECONDS };
}
