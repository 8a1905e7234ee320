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
    const hint = didYouMean("auth", kind, Object.keys(AUTH_SCHEMA.keys)) ?? "expected one of none, htpasswd, token, silly";
    read.say(`auth.${kind}`, `is not a known controller: ${hint}`, "error");
  } else if (kind === "htpasswd") {
    return { kind: "htpasswd", realm: read.text("auth.htpasswd.realm"), path: read.text("auth.htpasswd.path") };
  } else if (kind === "token") {
    return buildToken(read);
  } else if (kind === "silly") {
    return { kind: "silly", realm: read.text("auth.silly.realm"), service: read.text("auth.silly.service") };
  }
  return { kind: "none" };
}

function buildToken(read: ConfigReader): AuthConfig {
  const autoRedirect = read.flag("auth.token.autoredirect");
  const realm = read.text(autoRedirect ? "auth.token.autoredirectpath" : "auth.token.realm");
  if (realm === "" && !autoRedirect) read.say("auth.token", "realm is missing: expected the address of the token server", "error");
  const [rootCertBundle, jwks] = [read.optionalText("auth.token.rootcertbundle"), read.optionalText("auth.token.jwks")];
  if (rootCertBundle === undefined && jwks === undefined)
    read.say("auth.token", "there is no key to check tokens with: expected rootcertbundle or jwks", "error");
  const algorithms = read.texts("auth.token.signingalgorithms");
  return {
    kind: "token",
    realm,
    autoRedirect,
    service: read.text("auth.token.service"),
    issuer: read.text("auth.token.issuer"),
    rootCertBundle,
    jwks,
    algorithms: algorithms?.length === 0 ? undefined : algorithms,
  };
}
