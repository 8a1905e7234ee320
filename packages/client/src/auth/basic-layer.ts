import type { Credential } from "../credentials/credential.ts";
import type { TransportLayer } from "../transport/transport.ts";
import { directAuthorization } from "./basic-credential.ts";
import { isRegistryUrl } from "./registry-name.ts";

/** Options of {@link basicLayer}. */
export interface BasicLayerOptions {
  /** Host, perhaps with a port; or an origin, `https://r.test`, and then the scheme counts too. */
  readonly registry: string;
  /** An access token is sent as `Bearer`; a user name or password as `Basic`; without any of them the layer does nothing. */
  readonly credential: Credential;
}

/**
 * Sends a credential with each request to one registry, before it asks. Requests to other hosts, and those that have an `Authorization`,
 * pass as they are.
 *
 * @throws {TypeError} when `registry` is an origin that is no URL.
 * @see docker-registry-client, BasicTransport
 */
export function basicLayer({ registry, credential }: BasicLayerOptions): TransportLayer {
  const authorization = directAuthorization(credential);
  const origin = registry.includes("://") ? new URL(registry).origin : undefined;
  const isOurs = (url: URL): boolean => (origin === undefined ? isRegistryUrl(url, registry) : url.origin === origin);
  return (inner) => (request) => {
    if (authorization === undefined || request.headers["authorization"] !== undefined || !isOurs(request.url)) return inner(request);
    return inner({ ...request, headers: { ...request.headers, authorization } });
  };
}
