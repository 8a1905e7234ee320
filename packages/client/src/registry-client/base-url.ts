/** Where a registry is: its origin, and the path that stands before `/v2/`. */
export interface BaseUrl {
  /** As it was given, without one slash at its end. */
  readonly text: string;
  /** Host, with its port unless it is the scheme's own. */
  readonly host: string;
  /** Scheme and host: `https://registry.test`. */
  readonly origin: string;
  readonly isPlainHttp: boolean;
  /** Without a slash at the end; empty for most registries. */
  readonly prefix: string;
}

/**
 * Reads the address of a registry.
 *
 * @throws {TypeError} when it is no `http` or `https` URL, or holds more than host and path: credentials belong into options.
 */
export function parseBaseUrl(text: string): BaseUrl {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new TypeError("Cannot use registry URL: expected one that starts with http:// or https://");
  }
  if (url.username !== "" || url.password !== "") throw new TypeError("Cannot use registry URL: give user name and password as options");
  if (url.search !== "" || url.hash !== "") throw new TypeError("Cannot use registry URL: expected one without query and fragment");
  const withoutSlash = (path: string): string => (path.endsWith("/") ? path.slice(0, -1) : path);
  return {
    text: withoutSlash(text),
    host: url.host,
    origin: url.origin,
    isPlainHttp: url.protocol === "http:",
    prefix: withoutSlash(url.pathname),
  };
}
