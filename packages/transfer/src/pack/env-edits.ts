import { InvalidPackError } from "./errors.ts";
import type { MapEdits } from "./member-edits.ts";

/** Changes to environment variables. */
export interface EnvEdits {
  /** A string sets a variable where it stands, or at the end; null takes it away. */
  readonly env?: MapEdits;
  /** Text that goes behind the value of a variable, with `:` between them (`;` on Windows); sets one that is not there. */
  readonly appendEnv?: Readonly<Record<string, string>>;
}

/**
 * The variables with changes made to them, in their order, new ones last; the very list when that changes nothing. Names of Windows images do not tell upper from lower case, and new
 * ones are written in upper case there.
 *
 * @throws {InvalidPackError} for names that are none.
 */
export function editEnv(variables: readonly string[], { env = {}, appendEnv = {} }: EnvEdits, os: string): readonly string[] {
  const isWindows = os === "windows";
  const keyOf = (name: string): string => (isWindows ? name.toUpperCase() : name);
  const after = new Map<string, string>();
  let changes = false;
  for (const [i, text] of variables.entries()) after.set(text.includes("=") ? keyOf(nameOf(text)) : `=${i}`, text);
  for (const [name, value] of Object.entries(env)) {
    checkName(name);
    const key = keyOf(name);
    const before = after.get(key);
    const text = typeof value === "string" ? `${nameOf(before ?? key)}=${value}` : value === null ? undefined : before;
    if (text === before) continue;
    changes = true;
    if (text === undefined) after.delete(key);
    else after.set(key, text);
  }
  for (const [name, value] of Object.entries(appendEnv)) {
    checkName(name);
    const before = after.get(keyOf(name));
    changes = true;
    after.set(keyOf(name), before === undefined ? `${keyOf(name)}=${value}` : `${before}${isWindows ? ";" : ":"}${value}`);
  }
  return changes ? [...after.values()] : variables;
}

function nameOf(variable: string): string {
  return variable.split("=", 1)[0] ?? "";
}

function checkName(name: string): void {
  if (name === "" || /[=\0]/.test(name)) throw new InvalidPackError("env", `"${name}" is no name of a variable`);
}
