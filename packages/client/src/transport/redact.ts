/** Stands for what must not be seen. */
export const REDACTED = "REDACTED";

/** Queries whose values the protocol defines and nobody needs to hide. Everything else may be a signature or a session. */
const OPEN_QUERIES: ReadonlySet<string> = new Set([
  "artifactType",
  "digest",
  "digest-algorithm",
  "from",
  "last",
  "mount",
  "n",
  "scope",
  "service",
  "tag",
]);

/** Names of headers that hold proof of who somebody is, whoever made them up: `x-registry-auth`, `private-token`. */
const SECRET_HEADER = /auth|token|secret|passw|credential|cookie|api-?key|^x-registry-config$/i;

/** They say how somebody can prove it. */
const CHALLENGES: ReadonlySet<string> = new Set(["www-authenticate", "proxy-authenticate"]);

/** Headers that hold a URL. */
const URL_HEADERS: ReadonlySet<string> = new Set(["location", "content-location", "referer"]);

const SECRET_FIELDS =
  /("(?:token|access_token|refresh_token|identitytoken|registrytoken|id_token|password|secret)"\s*:\s*")(?:[^"\\]|\\.)*/gi;

/**
 * A URL as it may stand in errors and logs: without user information, and without the values of queries other than those that the
 * distribution protocol defines. Pre-signed URLs and upload sessions carry secrets there.
 */
export function redactUrl(url: URL | string): string {
  const copy = URL.parse(url);
  if (copy === null) return withoutSecrets(String(url));
  copy.username = "";
  copy.password = "";
  copy.hash = "";
  copy.search = redactQuery(copy.search);
  return copy.href;
}

/** True for a header whose value is nobody else's business, by its name in any case. */
export function isSecretHeader(name: string): boolean {
  return SECRET_HEADER.test(name) && !CHALLENGES.has(name.toLowerCase());
}

/** The value of a header as it may stand in logs. */
export function redactHeader(name: string, value: string): string {
  const lower = name.toLowerCase();
  if (isSecretHeader(lower)) {
    const [scheme, ...rest] = value.split(" ");
    return lower.endsWith("authorization") && rest.length > 0 ? `${scheme} ${REDACTED}` : REDACTED;
  }
  if (URL_HEADERS.has(lower)) return URL.canParse(value) ? redactUrl(value) : withoutSecrets(value);
  if (lower === "link")
    return value.replace(/<([^>]*)>/g, (_, target: string) => `<${URL.canParse(target) ? redactUrl(target) : withoutSecrets(target)}>`);
  return value;
}

/** JSON text without the values of the fields that hold tokens and passwords. */
export function redactJson(text: string): string {
  return text.replace(SECRET_FIELDS, `$1${REDACTED}`);
}

/** A relative URL: only its query can hold secrets. */
function withoutSecrets(url: string): string {
  const at = url.indexOf("?");
  return at < 0 ? url : `${url.slice(0, at)}${redactQuery(url.slice(at))}`;
}

/** Keeps the text of what stays, byte by byte. */
function redactQuery(search: string): string {
  if (search.length < 2) return "";
  const pairs = search.slice(1).split("&");
  return `?${pairs.map((pair) => redactPair(pair)).join("&")}`;
}

function redactPair(pair: string): string {
  const at = pair.indexOf("=");
  const name = at < 0 ? pair : pair.slice(0, at);
  if (OPEN_QUERIES.has(name)) return pair;
  return at < 0 ? REDACTED : `${name}=${REDACTED}`;
}
