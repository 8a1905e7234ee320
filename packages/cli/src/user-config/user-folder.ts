import { isAbsolute, join } from "node:path";
import type { CommandIo } from "../io.ts";

/** What a folder of the user is for, and where below their home it is unless a variable says otherwise. */
const DEFAULTS = { CACHE: ".cache", CONFIG: ".config", STATE: ".local/state" } as const;

/**
 * Where this user's programs keep what they keep; undefined without a home. A variable with a relative path is as good as none.
 *
 * @see XDG Base Directory Specification
 */
export function userFolder(env: CommandIo["env"], kind: keyof typeof DEFAULTS): string | undefined {
  const named = env[`XDG_${kind}_HOME`];
  if (named && isAbsolute(named)) return named;
  return env["HOME"] ? join(env["HOME"], DEFAULTS[kind]) : undefined;
}
