import type { Descriptor } from "@berth/oci";
import { isPrivateHost } from "../auth/private-address.ts";
import type { Connection } from "./connection.ts";

/**
 * The places outside of the registry that a descriptor names and that may be asked: public ones, by HTTP or HTTPS, and the registry's own
 * host. A manifest must not send us to the services of an inner network.
 */
export function foreignUrls(target: Descriptor, { registry }: Connection): readonly URL[] {
  const own = URL.parse(`http://${registry}`)?.hostname;
  return (target.urls ?? []).flatMap((text) => {
    const url = URL.parse(text);
    if (url === null || (url.protocol !== "https:" && url.protocol !== "http:") || url.username !== "" || url.password !== "") return [];
    return isPrivateHost(url.hostname) && url.hostname !== own ? [] : [url];
  });
}
