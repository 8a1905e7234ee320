import type { TransportLayer } from "../transport/transport.ts";
import { isRegistryUrl } from "./registry-name.ts";

/** Sends requests to one registry with HTTP or HTTPS, whatever their URL says; those to other hosts pass as they are. */
export function schemeLayer(registry: string, scheme: "http" | "https"): TransportLayer {
  const protocol = `${scheme}:`;
  return (inner) => (request) => {
    if (request.url.protocol === protocol || !isRegistryUrl(request.url, registry)) return inner(request);
    const url = new URL(request.url);
    url.protocol = protocol;
    return inner({ ...request, url });
  };
}
