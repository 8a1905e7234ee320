import type { Descriptor } from "@berth/oci";
import { isPrivateHost } from "../transport/private-address.ts";

/** A place outside of the registry that a descriptor names, and that is not asked. */
export interface UnaskedUrl {
  /** Where it is; "" when that cannot be told. The whole URL may be somebody's secret. */
  readonly host: string;
  /** Why, to be said behind "it". */
  readonly reason: string;
}

/**
 * The places outside of the registry that a descriptor names and that may be asked: public ones, by HTTP or HTTPS, and the registry's own
 * host. A manifest must not send us to the services of an inner network.
 */
export function foreignUrls(target: Descriptor, at: AtRegistry): readonly URL[] {
  return (target.urls ?? []).flatMap((text) => {
    const url = URL.parse(text);
    return url === null || refusal(url, at) !== undefined ? [] : [url];
  });
}

/** The other ones: those that a client does not ask for content that the registry lacks. */
export function unaskedUrls(target: Descriptor, at: AtRegistry): readonly UnaskedUrl[] {
  return (target.urls ?? []).flatMap((text) => {
    const url = URL.parse(text);
    const reason = url === null ? "is no URL" : refusal(url, at);
    return reason === undefined ? [] : [{ host: url?.host ?? "", reason }];
  });
}

/** What the descriptor was found at. */
interface AtRegistry {
  /** Host, perhaps with a port. */
  readonly registry: string;
}

function refusal(url: URL, { registry }: AtRegistry): string | undefined {
  if (url.protocol !== "https:" && url.protocol !== "http:") return "is not reached by HTTP";
  if (url.username !== "" || url.password !== "") return "has a password in it";
  if (!isPrivateHost(url.hostname) || url.hostname === URL.parse(`http://${registry}`)?.hostname) return undefined;
  return "is an address of this machine or of a private network";
}
