import type { Credential } from "../credentials/credential.ts";
import { AuthError } from "../errors.ts";
import type { AuthTarget } from "./auth-target.ts";

/** The value of `Authorization` for a user name and a password, in UTF-8. @see RFC 7617 */
export function formatBasic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`, "utf8").toString("base64")}`;
}

/**
 * What a credential can be sent as without asking a token server: an access token as `Bearer`, a user name or password as `Basic`. Undefined
 * when there is neither.
 */
export function directAuthorization(credential: Credential | undefined): string | undefined {
  if (credential?.accessToken) return `Bearer ${credential.accessToken}`;
  if (!credential?.username && !credential?.password) return undefined;
  return formatBasic(credential.username ?? "", credential.password ?? "");
}

/** {@link directAuthorization}. @throws {AuthError} when the credential has only a user name or only a password. */
export function strictAuthorization(credential: Credential | undefined, target: AuthTarget): string | undefined {
  const { username, password, accessToken } = credential ?? {};
  if (!accessToken && Boolean(username) !== Boolean(password)) {
    const operation = `authenticate to "${target.credential.registry}"`;
    const message = `Cannot ${operation}: the credential has no ${username ? "password" : "user name"}`;
    throw new AuthError(message, { operation, method: "GET", url: target.url.href });
  }
  return directAuthorization(credential);
}
