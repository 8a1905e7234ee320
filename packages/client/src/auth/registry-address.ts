import { registryTrafficHost } from "@berth/oci";

/**
 * `true`: plain HTTP. `false`: HTTPS. `auto`: HTTPS, and for registries on this machine or a private network whichever of the two answers.
 * `allowed`: whichever of the two answers, wherever the registry is, HTTPS first.
 */
export type PlainHttp = boolean | "auto" | "allowed";

const PRIVATE_IPV4 = /^(?:10\.\d{1,3}|192\.168|172\.(?:1[6-9]|2\d|3[01]))\.\d{1,3}\.\d{1,3}$/;
const LOOPBACK_IPV4 = /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/;

/**
 * True when a registry may be spoken to without TLS though nobody said so: it is on this machine, or its address is one of a private
 * network. Names that only look alike (`127.0.0.1.evil.test`, `x.local`) are not.
 *
 * @param registry host, perhaps with a port.
 */
export function mayBePlainHttp(registry: string): boolean {
  const url = URL.parse(`http://${registry}`);
  if (url === null || url.pathname !== "/" || url.username !== "") return false;
  const host = url.hostname; // IPv6 in brackets, IPv4 in its usual form
  if (host === "localhost" || host.endsWith(".localhost") || host === "[::1]") return true;
  return LOOPBACK_IPV4.test(host) || PRIVATE_IPV4.test(host);
}

/** The origin that requests for a registry go to. */
export function registryOrigin(registry: string, scheme: "http" | "https"): URL {
  return new URL(`${scheme}://${registryTrafficHost(registry)}/`);
}
