import { isIP } from "node:net";

/** Labels that stand for a kind of owner below a country's domain: `co.uk`, `com.au`. */
const KINDS: ReadonlySet<string> = new Set(["ac", "co", "com", "edu", "gob", "gov", "gouv", "mil", "ne", "net", "nom", "or", "org"]);

/** Domains below which everybody can have a name of their own. */
const SHARED: ReadonlySet<string> = new Set([
  "amazonaws.com",
  "appspot.com",
  "azurecontainer.io",
  "azurecr.io",
  "azurewebsites.net",
  "cloudapp.azure.com",
  "cloudfront.net",
  "github.io",
  "gitlab.io",
  "herokuapp.com",
  "netlify.app",
  "ngrok.io",
  "pages.dev",
  "pkg.dev",
  "run.app",
  "scw.cloud",
  "vercel.app",
  "web.app",
  "workers.dev",
]);

/**
 * The part of a host name that one owner has: `docker.io` of `auth.docker.io`. Found by rule, without the list of public suffixes:
 * two labels, three below `co.uk` and its like and below well-known shared domains. Addresses and single labels are their own.
 */
export function registrableDomain(hostname: string): string {
  const name = hostname.toLowerCase().replace(/\.$/, "");
  if (name.startsWith("[") || isIP(name) !== 0) return name;
  const labels = name.split(".");
  const last = labels.at(-1) ?? "";
  const second = labels.at(-2) ?? "";
  const shared = [...SHARED].find((domain) => name === domain || name.endsWith(`.${domain}`));
  const suffix = shared !== undefined ? shared.split(".").length : last.length === 2 && KINDS.has(second) ? 2 : 1;
  return labels.slice(-(suffix + 1)).join(".");
}
