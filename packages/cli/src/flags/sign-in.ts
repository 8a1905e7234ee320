import { CommandFailure, EXIT_CODE } from "../exit-code.ts";
import { type FlagReader, type Side, switchOf } from "./flag-reader.ts";

/** Who flags or variables say that we are. */
export type SignIn =
  | { readonly kind: "anonymous" }
  | { readonly kind: "token"; readonly token: string }
  | { readonly kind: "user"; readonly username: string; readonly password?: string; readonly passwordStdin: boolean };

/**
 * Reads who we are from flags, then from variables; undefined: they say nothing, so that docker's config counts. What is said in one place
 * is not mixed with what is said in another one, except for `BERTH_PASSWORD` beside a `--user`.
 *
 * @throws {CommandFailure} when one place says two things.
 */
export function readSignIn(reader: FlagReader, side?: Side): SignIn | undefined {
  const users = reader.sources("user", side);
  for (const [at, user] of users.entries()) {
    const token = reader.sources("token", side)[at];
    const anonymous = reader.sources("anonymous", side)[at];
    const stdin = reader.sources("password-stdin", side)[at];
    const given = [
      user.value === undefined ? undefined : user.origin,
      token?.value === undefined ? undefined : token.origin,
      switchOf(anonymous) === true ? anonymous?.origin : undefined,
    ].filter((origin) => origin !== undefined);
    if (given.length > 1) throw new CommandFailure(EXIT_CODE.usage, `cannot use ${given.join(" with ")}: they say different things`);
    if (switchOf(anonymous) === true) return { kind: "anonymous" };
    if (typeof token?.value === "string") return { kind: "token", token: token.value };
    if (typeof user.value === "string") {
      const password = reader.value("password", String, side);
      return withPassword(user.value, password, stdin?.value === true || isOn(reader, side));
    }
    // a token that is to be kept by `login` is proof without a name
    if (stdin?.value === true && reader.sources("identity-token")[0]?.value !== true)
      throw new CommandFailure(EXIT_CODE.usage, `${stdin.origin} needs ${user.origin}`);
  }
  return undefined;
}

function isOn(reader: FlagReader, side: Side | undefined): boolean {
  return reader.sources("password-stdin", side).some(({ origin, value }) => origin.startsWith("--") && value === true);
}

/** `name:password` is taken too, as other tools have it; a user's name holds no colon. */
function withPassword(text: string, password: string | undefined, passwordStdin: boolean): SignIn {
  const colon = text.indexOf(":");
  const username = colon < 0 ? text : text.slice(0, colon);
  const known = colon < 0 ? password : text.slice(colon + 1);
  return { kind: "user", username, passwordStdin, ...(known !== undefined && !passwordStdin && { password: known }) };
}
