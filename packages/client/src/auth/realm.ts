import { plainText } from "../transport/plain-text.ts";
import { redactUrl } from "../transport/redact.ts";
import { isLoopbackHost, isPrivateHost } from "../transport/private-address.ts";
import { registrableDomain } from "./registrable-domain.ts";

/** Which token servers a registry may send us to. */
export interface RealmRules {
  /**
   * Token servers that are trusted whatever their address is: `auth.corp`, `10.0.0.5:8443`, or an origin such as
   * `http://auth.corp`, which also allows plain HTTP for a registry with HTTPS.
   */
  readonly trustedRealms?: readonly string[];
  /**
   * Which token servers may see a password or a long-lived token. `any` (default): every one that may be asked at all; `same-domain`:
   * those of the registry's own domain, and trusted ones.
   */
  readonly realmPolicy?: "any" | "same-domain";
}

/** Characters of an address that errors show. */
const MAX_SHOWN = 100;

/** What helps against a refusal. */
export const TRUST_REALM = "add it to trustedRealms if it is yours";

/**
 * Why a token server must not be asked, in words that fit behind a colon; undefined when it may be. Only HTTP and HTTPS, no plain HTTP
 * for a registry with HTTPS, no address of this machine or a private network unless the registry has the same host name.
 *
 * @param registry any URL of the registry: its scheme and host count.
 */
export function realmProblem(registry: URL, realm: URL, rules: RealmRules = {}): string | undefined {
  if (!isWeb(realm)) return "it is no address of http or https";
  if (realm.username !== "" || realm.password !== "") return "it holds a user name or password";
  const trust = trustOf(realm, rules);
  if (trust === "origin") return undefined;
  if (realm.protocol === "http:" && registry.protocol !== "http:") return "it uses plain HTTP, the registry HTTPS";
  if (trust === "host" || realm.hostname === registry.hostname || !isPrivateHost(realm.hostname)) return undefined;
  if (isLoopbackHost(realm.hostname) && isLoopbackHost(registry.hostname)) return undefined; // two names of this machine
  return `it is an address of this machine or of a private network; ${TRUST_REALM}`;
}

/**
 * What a token server is called in errors: its host. An address without one, or that is none, stands there as it was written, but for its
 * secrets.
 */
export function realmName(realm: string): string {
  const url = URL.parse(realm);
  if (url !== null && isWeb(url)) return url.host;
  const shown = plainText(redactUrl(realm).replace(/\/\/[^/?#]*@/, "//"));
  return shown.length <= MAX_SHOWN ? shown : `${shown.slice(0, MAX_SHOWN)}...`;
}

/** True for an address of the kind that can be asked at all. */
export function isWeb({ protocol }: URL): boolean {
  return protocol === "https:" || protocol === "http:";
}

/** True when a token server may see a password or a long-lived token of the registry, provided that {@link realmProblem} finds nothing. */
export function mayHoldSecrets(registry: URL, realm: URL, rules: RealmRules = {}): boolean {
  if (rules.realmPolicy !== "same-domain" || realm.hostname === registry.hostname) return true;
  return trustOf(realm, rules) !== "none" || registrableDomain(realm.hostname) === registrableDomain(registry.hostname);
}

function trustOf(realm: URL, { trustedRealms = [] }: RealmRules): "origin" | "host" | "none" {
  if (trustedRealms.some((one) => one.includes("://") && URL.parse(one)?.origin === realm.origin)) return "origin";
  const host = trustedRealms.some((one) => one.toLowerCase() === realm.host || one.toLowerCase() === realm.hostname);
  return host ? "host" : "none";
}
