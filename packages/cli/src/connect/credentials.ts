import type { Credential, CredentialSource } from "@berth/client";
import { CommandFailure, EXIT_CODE } from "../exit-code.ts";
import type { SignIn } from "../flags/sign-in.ts";
import type { CommandIo } from "../io.ts";
import { askSecret, canAsk } from "./ask.ts";
import { readPassword } from "./password.ts";

/** The credential that flags or variables name; undefined: nobody's. May ask for the password. @throws {CommandFailure} when there is none. */
export async function namedCredential(io: CommandIo, signIn: SignIn): Promise<Credential | undefined> {
  if (signIn.kind === "anonymous") return undefined;
  if (signIn.kind === "token") return { accessToken: signIn.token };
  const { username, password, passwordStdin } = signIn;
  if (password !== undefined) return { username, password };
  if (passwordStdin) return { username, password: await readPassword(io) };
  if (canAsk(io)) return { username, password: await askSecret(io, `Password of ${username}: `) };
  throw new CommandFailure(EXIT_CODE.usage, "no password: use --password-stdin, or set BERTH_PASSWORD");
}

/**
 * Who we are to a host: what flags or variables say, else what docker's config and its like hold.
 *
 * @param warn hears of helpers and files that do not work.
 */
export async function credentialsFor(
  io: CommandIo,
  host: string,
  signIn: SignIn | undefined,
  warn: (text: string) => void,
): Promise<CredentialSource | undefined> {
  const { defaultCredentials, staticCredentials } = await import("@berth/client");
  if (signIn === undefined) return defaultCredentials({ env: io.env, onWarning: ({ message }) => warn(message) });
  const credential = await namedCredential(io, signIn);
  return credential === undefined ? undefined : staticCredentials(host, credential);
}
