import type { Credential } from "./credential.ts";

const INSPECT: unique symbol = Symbol.for("nodejs.util.inspect.custom") as never;

/**
 * Drops empty fields and makes `util.inspect` and `console.log` print which secrets there are, not what they are. Undefined when nothing
 * is left.
 */
export function concealed(credential: Credential): Credential | undefined {
  const { username, password, refreshToken, accessToken } = credential;
  const kept: Credential = {
    ...(username && { username }),
    ...(password && { password }),
    ...(refreshToken && { refreshToken }),
    ...(accessToken && { accessToken }),
  };
  if (Object.keys(kept).length === 0) return undefined;
  const shown = Object.fromEntries(Object.entries(kept).map(([name, value]) => [name, name === "username" ? value : "<concealed>"]));
  // Not enumerable: a copy or a comparison sees the fields alone.
  return Object.defineProperty(kept, INSPECT, { value: () => shown, enumerable: false });
}
