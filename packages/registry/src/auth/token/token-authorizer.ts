import { formatBearerChallenge, formatScopes } from "@berth/oci";
import { LRUCache } from "lru-cache";
import { type Access, type Authorizer, type AuthRequest, ChallengeError, type Grant } from "../authorizer.ts";
import { tokenAllows } from "./token-access.ts";
import { DEFAULT_SIGNING_ALGORITHMS, type VerifiedToken, verifyToken } from "./verify-token.ts";
import { type TokenKeyFiles, TrustedKeys } from "./trusted-keys.ts";

/** Characters of a token, at most. */
const MAX_TOKEN = 65_536;
/** Characters of tokens that are remembered as good, in all. */
const REMEMBERED = 4 << 20;

/** Options of {@link createTokenAuthorizer}. */
export interface TokenAuthorizerOptions extends TokenKeyFiles {
  /** Address of the token server; with `autoRedirect` its path on this host. */
  readonly realm: string;
  /** What the token server calls this registry: its tokens name it as their audience. */
  readonly service: string;
  /** Who issues tokens: they name it. */
  readonly issuer: string;
  /** True: the token server answers on the host that the client used. Default false. */
  readonly autoRedirect?: boolean;
  /** Default {@link DEFAULT_SIGNING_ALGORITHMS}. */
  readonly algorithms?: readonly string[];
}

/**
 * Believes tokens that a token server signed. It holds no users: what a caller may do stands in the token.
 *
 * @throws {TokenKeyError} when there is no key to check tokens with.
 * @see distribution, "Token Authentication Specification"
 */
export async function createTokenAuthorizer(options: TokenAuthorizerOptions): Promise<Authorizer> {
  const { realm, service, issuer, autoRedirect = false, algorithms = DEFAULT_SIGNING_ALGORITHMS } = options;
  const keys = await TrustedKeys.load(options);
  const good = new LRUCache<string, VerifiedToken>({ maxSize: REMEMBERED, sizeCalculation: (_, token) => token.length });
  const rules = { keys, issuer, service, algorithms };

  const challenge = (request: AuthRequest, accesses: readonly Access[], error?: "invalid_token" | "insufficient_scope"): ChallengeError => {
    const header = formatBearerChallenge({
      realm: autoRedirect ? new URL(realm, request.baseUrl()).href : realm,
      service,
      scope: formatScopes(accesses.map(({ action, class: kind, ...one }) => ({ ...one, ...(kind && { class: kind }), actions: [action] }))),
      ...(error && { error }),
    });
    const reasons = { invalid_token: "the token does not hold", insufficient_scope: "the token does not allow that" };
    return new ChallengeError(header, accesses, error === undefined ? "no token" : reasons[error]);
  };
  const remembered = async (token: string): Promise<VerifiedToken | undefined> => {
    const known = good.get(token);
    if (known !== undefined && Date.now() < known.validUntil * 1000) return known;
    const verified = token.length > MAX_TOKEN ? undefined : await verifyToken(token, rules);
    if (verified === undefined) good.delete(token);
    else good.set(token, verified);
    return verified;
  };

  return {
    async authorize(request, accesses): Promise<Grant> {
      const token = parseBearerToken(request.authorization);
      if (token === undefined) throw challenge(request, accesses);
      const verified = await remembered(token);
      if (verified === undefined) throw challenge(request, accesses, "invalid_token");
      const { user, access } = verified;
      if (!accesses.every((wanted) => tokenAllows(access, wanted))) throw challenge(request, accesses, "insufficient_scope");
      return { user: user === "" ? undefined : { name: user }, allows: (wanted) => tokenAllows(access, wanted) };
    },
  };
}

/** The token of a `Bearer` header; undefined when it is none. @see RFC 6750 */
export function parseBearerToken(header: string | undefined): string | undefined {
  return header === undefined ? undefined : /^bearer +(\S+) *$/i.exec(header)?.[1];
}
