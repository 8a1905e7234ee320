import { CommandFailure, EXIT_CODE } from "../exit-code.ts";
import type { SignIn } from "../flags/sign-in.ts";
import type { CommandIo } from "../io.ts";
import type { SyncRegistry } from "./sync-file.ts";

/** Who a sync file says that we are to a registry; empty: it says nothing. @throws {CommandFailure} when a variable is not set. */
export function signInOf({ user, passwordVariable, tokenVariable }: SyncRegistry, env: CommandIo["env"]): readonly SignIn[] {
  if (tokenVariable !== undefined) return [{ kind: "token", token: valueOf(tokenVariable, env) }];
  if (user === undefined || passwordVariable === undefined) return [];
  return [{ kind: "user", username: user, password: valueOf(passwordVariable, env), passwordStdin: false }];
}

function valueOf(name: string, env: CommandIo["env"]): string {
  const value = env[name];
  if (value === undefined || value === "")
    throw new CommandFailure(EXIT_CODE.usage, `the sync file wants the variable ${name}: it is not set`);
  return value;
}
