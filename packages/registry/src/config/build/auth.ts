import { didYouMean } from "../closest.ts";
import type { ConfigReader } from "../reader.ts";
import type { AuthConfig } from "../registry-config.ts";
import { AUTH_SCHEMA } from "../schema/auth.ts";

/** `auth` (G7). */
export function buildAuth(read: ConfigReader): AuthConfig {
  const kinds = read.keys("auth");
  const [kind] = kinds;
  if (kinds.length > 1) read.say("auth", `must provide exactly one type. Provided: [${[...kinds].sort().join(" ")}]`, "error");
  else if (kind !== undefined && !Object.hasOwn(AUTH_SCHEMA.keys, kind)) {
    const hint = didYouMean("auth", kind, Object.keys(AUTH_SCHEMA.keys)) ?? "expected one of none, htpasswd";
    read.say(`auth.${kind}`, `is not a known controller: ${hint}`, "error");
  } else if (kind === "htpasswd") {
    return { kind: "htpasswd", realm: read.text("auth.htpasswd.realm"), path: read.text("auth.htpasswd.path") };
  }
  return { kind: "none" };
}
