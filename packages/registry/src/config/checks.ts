import { isIP } from "node:net";

/** A base URL: http or https with a host, no query and no fragment. */
export function checkBaseUrl(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const fits = url !== undefined && /^https?:$/.test(url.protocol) && url.search === "" && url.hash === "";
  return fits ? undefined : "a URL such as https://registry.example.org";
}

/** A path under which routes are served. */
export function checkPrefix(text: string): string | undefined {
  return /^\/(?:[A-Za-z0-9._~-]+\/)*$/.test(text) ? undefined : "a path that starts and ends with a slash";
}

/** A path of a URL. */
export function checkPath(text: string): string | undefined {
  return /^\/[^\s?#\\]*$/.test(text) && !text.startsWith("//") ? undefined : "a path that starts with a slash";
}

/** `all`, an address, or a CIDR range. */
export function checkTrustedProxy(text: string): string | undefined {
  if (text === "all" || isIP(text) !== 0) return undefined;
  const [address, bits, ...rest] = text.split("/");
  const most = isIP(address ?? "") === 4 ? 32 : isIP(address ?? "") === 6 ? 128 : -1;
  return rest.length === 0 && /^\d{1,3}$/.test(bits ?? "") && Number(bits) <= most ? undefined : "an IP address, a CIDR range, or all";
}

/** The URL of a PostgreSQL database. */
export function checkPostgresUrl(text: string): string | undefined {
  return /^postgres(?:ql)?:\/\//.test(text) && URL.canParse(text) ? undefined : "a URL such as postgres://user@host:5432/database";
}
