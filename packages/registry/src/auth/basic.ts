import { formatChallenge } from "@berth/oci";
import { AuthUnavailableError, type Authorizer, ChallengeError, type Grant } from "./authorizer.ts";

/** Base64 of `user:password` may not be longer than this. */
const MAX_CREDENTIALS = 4096;

/** Checks one user's password. */
export interface PasswordAuthenticator {
  /** @throws any error when it cannot tell. */
  authenticate(user: string, password: string): Promise<boolean>;
  /** Gives back what it holds, once nobody asks it any more. */
  close?(): void | Promise<void>;
}

/** Lets every user whose password holds do everything. @see RFC 7617 */
export function createBasicAuthorizer(options: { readonly realm: string; readonly authenticator: PasswordAuthenticator }): Authorizer {
  const { authenticator } = options;
  const challenge = formatChallenge("Basic", { realm: options.realm });
  return {
    async authorize({ authorization }, accesses): Promise<Grant> {
      const credentials = parseBasicCredentials(authorization);
      if (credentials === undefined) throw new ChallengeError(challenge, accesses, "no Basic credentials");
      const { user, password } = credentials;
      if (!(await check(authenticator, user, password))) throw new ChallengeError(challenge, accesses, "wrong user or password");
      return { user: { name: user }, allows: () => true };
    },
    async close() {
      await authenticator.close?.();
    },
  };
}

/** User and password of a Basic `Authorization` header; undefined when it is none. */
export function parseBasicCredentials(header: string | undefined): { readonly user: string; readonly password: string } | undefined {
  const match = header === undefined || header.length > MAX_CREDENTIALS ? null : /^basic +([A-Za-z0-9+/_-]+=*) *$/i.exec(header);
  if (match?.[1] === undefined) return undefined;
  const text = Buffer.from(match[1], "base64").toString("utf8");
  const colon = text.indexOf(":");
  return colon === -1 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

async function check(authenticator: PasswordAuthenticator, user: string, password: string): Promise<boolean> {
  try {
    return await authenticator.authenticate(user, password);
  } catch (error) {
    throw new AuthUnavailableError("credentials cannot be checked now", { cause: error });
  }
}
