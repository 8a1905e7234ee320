import { fieldValues, type HeaderFields, Scanner } from "./scanner.ts";

/** Where a client believes it is talking to. */
export interface RequestOrigin {
  readonly protocol: "http" | "https";
  /** With the port, if the client sees one; undefined when no header tells. */
  readonly host: string | undefined;
}

/** What {@link requestOrigin} looks at; header values as they came. */
export interface OriginHeaders {
  /** `Forwarded`; when it says anything, the two below do not count. */
  readonly forwarded?: HeaderFields;
  /** `X-Forwarded-Proto`. */
  readonly xForwardedProto?: HeaderFields;
  /** `X-Forwarded-Host`. */
  readonly xForwardedHost?: HeaderFields;
  /** `Host`, or `:authority` of HTTP/2. */
  readonly host?: HeaderFields;
}

/**
 * The members of the first element of a `Forwarded` header, by lower-case name: that is the proxy nearest to the client.
 * Undefined when it is malformed.
 *
 * @see RFC 7239, section 4
 */
export function parseForwarded(fields: HeaderFields): ReadonlyMap<string, string> | undefined {
  const scanner = new Scanner(fieldValues(fields)[0] ?? "");
  const members = new Map<string, string>();
  do {
    scanner.skipSpace();
    const name = scanner.takeToken().toLowerCase();
    if (name === "") continue;
    if (!scanner.take("=")) return undefined;
    const value = scanner.takeQuoted() ?? scanner.takeWhile((c) => c > 0x20 && c !== 0x2c && c !== 0x3b && c !== 0x22);
    if (!members.has(name)) members.set(name, value);
    scanner.skipSpace();
  } while (scanner.take(";"));
  return scanner.done || scanner.next === "," ? members : undefined;
}

/**
 * Finds the address that the client used: `Forwarded`, else `X-Forwarded-Proto` and `X-Forwarded-Host`, else `Host` and whether
 * the connection is encrypted. Values that are no protocol or no host are passed over.
 */
export function requestOrigin(headers: OriginHeaders, encrypted: boolean): RequestOrigin {
  const own = { protocol: encrypted ? "https" : "http", host: validHost(first(headers.host)) } as const;
  const hasForwarded = fieldValues(headers.forwarded).some((value) => value.trim() !== "");
  const forwarded = hasForwarded ? (parseForwarded(headers.forwarded) ?? new Map<string, string>()) : undefined;
  const protocol = forwarded === undefined ? first(headers.xForwardedProto) : forwarded.get("proto");
  const host = forwarded === undefined ? first(headers.xForwardedHost) : forwarded.get("host");
  return { protocol: validProtocol(protocol) ?? own.protocol, host: validHost(host) ?? own.host };
}

function first(fields: HeaderFields): string | undefined {
  return fieldValues(fields)[0]?.split(",", 1)[0]?.trim();
}

function validProtocol(value: string | undefined): "http" | "https" | undefined {
  const protocol = value?.toLowerCase();
  return protocol === "http" || protocol === "https" ? protocol : undefined;
}

/** A name, IPv4 or bracketed IPv6 address, with or without a port: nothing that could change the rest of a URL or header. */
function validHost(value: string | undefined): string | undefined {
  if (value === undefined || value.length > 261) return undefined;
  return /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?$/.test(value) ? value : undefined;
}
