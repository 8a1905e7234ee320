import type { Digest } from "@berth/oci";
import { isLoopbackHost, isPrivateHost } from "../../transport/private-address.ts";
import { ProtocolError } from "../../errors.ts";
import { headerValue, type TransportResponse } from "../../transport/transport.ts";

/** Options of {@link uploadLocation}. */
export interface UploadLocationOptions {
  /** Refuses another origin than that of the URL that was asked, as oras does; default false: it is asked, without credentials. */
  readonly strict?: boolean;
  /** For the error; default `POST`. */
  readonly method?: string;
}

/**
 * Where an upload goes on, by the `Location` of an answer, resolved against the URL that was answered. Its query is the registry's own
 * and stays as it is, byte by byte.
 *
 * @throws {ProtocolError} when it is missing or no URL, would leave HTTPS, or points from elsewhere into a private network.
 * @see OCI distribution-spec, "Pushing a blob"
 */
export function uploadLocation(
  response: Pick<TransportResponse, "headers">,
  previousUrl: URL,
  registry: string,
  options: UploadLocationOptions = {},
): URL {
  const fail = (reason: string): never => {
    const url = previousUrl.origin + previousUrl.pathname;
    throw new ProtocolError(`Cannot push blob: registry "${registry}" ${reason}`, {
      operation: "push blob",
      method: options.method ?? "POST",
      url,
    });
  };
  const header = headerValue(response.headers, "location")?.trim();
  if (header === undefined || header === "") return fail("did not say where the upload goes on: the Location header is missing");
  const location = URL.parse(header, previousUrl);
  if (location === null) return fail("sent a Location that is no URL");
  if (location.protocol !== "https:" && location.protocol !== "http:") return fail(`sent a Location of scheme "${location.protocol}"`);
  if (previousUrl.protocol === "https:" && location.protocol === "http:") return fail("sent a Location without TLS");
  // Some registries forget their port when it is 443: oras-go#177. With HTTPS both mean the same.
  if (location.hostname === previousUrl.hostname && location.port === "" && previousUrl.port === "443") location.port = "443";
  if (options.strict === true && location.origin !== previousUrl.origin) return fail(`sent a Location on "${location.host}"`);
  if (reachesInto(location.hostname, previousUrl.hostname)) return fail(`sent a Location into a private network: "${location.host}"`);
  location.username = "";
  location.password = "";
  location.hash = "";
  return location;
}

/** `url` with `digest=` as its last query parameter, once; everything else keeps its bytes. */
export function withDigest(url: URL, digest: Digest): URL {
  const kept = url.search === "" ? [] : url.search.slice(1).split("&");
  const copy = new URL(url);
  copy.search = `?${[...kept.filter((part) => !part.startsWith("digest=")), `digest=${encodeURIComponent(digest)}`].join("&")}`; // without the "?" one that the query begins with would be lost
  return copy;
}

/** A registry out there must not make us talk to a machine in here. One on this machine may name itself in another way. */
function reachesInto(hostname: string, previous: string): boolean {
  return hostname !== previous && isPrivateHost(hostname) && !(isLoopbackHost(hostname) && isLoopbackHost(previous));
}
