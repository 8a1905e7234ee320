import { concealed } from "./conceal.ts";
import type { Credential } from "./credential.ts";
import { CredentialFileError, InvalidCredentialError } from "./errors.ts";

/**
 * One entry of `auths` in a config file.
 *
 * @see docker config.json, containers-auth.json(5)
 */
export interface AuthEntry {
  /** Base64 of `username:password`; goes before the two fields. */
  readonly auth?: string;
  readonly username?: string;
  readonly password?: string;
  /** A refresh token. */
  readonly identitytoken?: string;
  /** An access token, sent to the registry as it is. */
  readonly registrytoken?: string;
}

/**
 * Reads an entry. Undefined when it holds no credential, as the ones that docker writes next to a credential helper. Fields of other
 * names are not looked at.
 *
 * @param where the file and the key in it, for errors.
 * @throws {CredentialFileError} on a field of another type, or an `auth` that is not base64 of `username:password`. The message shows
 * nothing of it.
 */
export function decodeAuthEntry(entry: unknown, where: { readonly file: string; readonly key: string }): Credential | undefined {
  const fail = (reason: string): never => {
    throw new CredentialFileError({ file: where.file, reason: `the entry of "${where.key}" ${reason}`, malformed: true });
  };
  if (entry === null) return undefined;
  if (typeof entry !== "object" || Array.isArray(entry)) return fail("is not an object");
  const fields = new Map<string, unknown>(Object.entries(entry));
  const text = (name: string): string => {
    const value = fields.get(name) ?? "";
    return typeof value === "string" ? value : fail(`has a field "${name}" that is not a string`);
  };
  const auth = text("auth");
  const basic = auth === "" ? { username: text("username"), password: text("password") } : decodeBasic(auth, fail);
  return concealed({ ...basic, refreshToken: text("identitytoken"), accessToken: text("registrytoken") });
}

/** Writes an entry. @throws {InvalidCredentialError} when the username holds a colon: it could not be told from the password. */
export function encodeAuthEntry({ username = "", password = "", refreshToken, accessToken }: Credential): AuthEntry {
  if (username.includes(":")) throw new InvalidCredentialError('the username contains ":"');
  return {
    ...((username || password) && { auth: Buffer.from(`${username}:${password}`).toString("base64") }),
    ...(refreshToken && { identitytoken: refreshToken }),
    ...(accessToken && { registrytoken: accessToken }),
  };
}

function decodeBasic(auth: string, fail: (reason: string) => never): Credential {
  const packed = auth.replace(/[\r\n]/g, "");
  // Padding may be missing: not every tool writes it. Buffer skips what is not base64, so look first.
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(packed)) return fail('has a field "auth" that is not base64');
  const text = decodeUtf8(Buffer.from(packed, "base64")) ?? fail('has a field "auth" that is not UTF-8');
  const colon = text.indexOf(":");
  if (colon < 0) return fail('has a field "auth" without ":" between username and password');
  // Old versions of docker padded the password with zero bytes.
  return { username: text.slice(0, colon), password: text.slice(colon + 1).replace(/\0+$/, "") };
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined; // the error would say no more than that
  }
}
