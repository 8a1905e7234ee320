import { unescape } from "node:querystring";
import { parseNoProxy } from "./no-proxy.ts";

/** Which proxies to use; absent: none for that scheme. Schemes of proxies: `http`, `https`, `socks5` and `socks5h`, which are the same here. */
export interface ProxyOptions {
  /** Proxy for http:// addresses: `http://user:password@proxy:3128`, `proxy:3128`, `socks5://localhost:1080`. */
  readonly http?: string;
  /** Proxy for https:// addresses; one of HTTP is asked for a tunnel. */
  readonly https?: string;
  /** Hosts that are reached without one, as NO_PROXY has them. */
  readonly noProxy?: string;
}

/** The proxy for a URL; undefined: none. */
export type ProxySelector = (url: URL) => URL | undefined;

/**
 * What HTTP_PROXY, HTTPS_PROXY and NO_PROXY say, in upper or lower case; upper case goes first. As in Go HTTP_PROXY is ignored within a
 * CGI program, where a request can set it.
 */
export function proxyFromEnvironment(env: Readonly<Record<string, string | undefined>> = process.env): ProxyOptions {
  const read = (name: string): string | undefined => env[name] || env[name.toLowerCase()] || undefined;
  const http = env["REQUEST_METHOD"] ? undefined : read("HTTP_PROXY");
  const https = read("HTTPS_PROXY");
  const noProxy = read("NO_PROXY");
  return { ...(http && { http }), ...(https && { https }), ...(noProxy && { noProxy }) };
}

/** @throws {TypeError} when a proxy's address is none, or of a scheme that is not spoken. */
export function createProxySelector(options: ProxyOptions): ProxySelector {
  const http = proxyUrl(options.http);
  const https = proxyUrl(options.https);
  if (http === undefined && https === undefined) return () => undefined;
  const goesStraight = parseNoProxy(options.noProxy ?? "");
  return (url) => {
    const secure = url.protocol === "https:";
    const proxy = secure ? https : http;
    return proxy === undefined || goesStraight(url.hostname, Number(url.port) || (secure ? 443 : 80)) ? undefined : proxy;
  };
}

/** True for a proxy that speaks SOCKS 5, which brings plain TCP to a host and knows nothing of HTTP. */
export function isSocks({ protocol }: URL): boolean {
  return protocol === "socks5:" || protocol === "socks5h:";
}

/** A proxy for messages: host and port, and the scheme where it is one that answers no requests itself. */
export function proxyName(proxy: URL): string {
  return isSocks(proxy) ? `${proxy.protocol}//${proxy.host}` : proxy.host;
}

/** The header that a proxy's credentials go out with; undefined: it has none. */
export function proxyAuthorization(proxy: URL): string | undefined {
  if (proxy.username === "" && proxy.password === "") return undefined;
  // a `%` that escapes nothing stands for itself here: people write passwords as they are
  const pair = `${unescape(proxy.username)}:${unescape(proxy.password)}`;
  return `Basic ${Buffer.from(pair).toString("base64")}`;
}

function proxyUrl(value: string | undefined): URL | undefined {
  if (value === undefined || value === "") return undefined;
  const url = value.includes("://") ? URL.parse(value) : URL.parse(`http://${value}`);
  if (url === null || url.hostname === "")
    throw new TypeError("Cannot use proxy: its address is no URL; in a password, #, /, ? and @ are written %23, %2F, %3F and %40");
  if (url.protocol !== "http:" && url.protocol !== "https:" && !isSocks(url)) {
    const scheme = url.protocol.slice(0, -1);
    throw new TypeError(`Cannot use proxy "${url.host}": expected the scheme http, https, socks5 or socks5h, got "${scheme}"`);
  }
  return url;
}
