import { cleanScopes } from "@berth/oci";
import type { CredentialTarget } from "../credentials/credential.ts";
import type { TransportRequest } from "../transport/transport.ts";
import type { AuthOptions } from "./auth-options.ts";
import { isRegistryUrl, registryName } from "./registry-name.ts";
import { NO_SCOPE_HINTS, scopesFor } from "./scope-hints.ts";
import { impliedScopes, repositoryOfPath } from "./scopes.ts";

/** Whom a request goes to, and what it needs there. */
export interface AuthTarget {
  readonly origin: string;
  /** Root of the host. */
  readonly url: URL;
  /** True for the registry that the layer is for. */
  readonly own: boolean;
  readonly credential: CredentialTarget;
  /** Scopes that the caller knows to be needed. */
  readonly hints: readonly string[];
  /** Hints, or what method and path tell. Good for finding a token; not a reason to ask for more than the challenge does. */
  readonly likely: readonly string[];
}

/** Looks at a request. */
export function authTarget(request: TransportRequest, options: AuthOptions): AuthTarget {
  const { method, url } = request;
  const own = options.registry === undefined || isRegistryUrl(url, options.registry);
  const registry = own && options.registry !== undefined ? options.registry : registryName(url.host);
  const repository = repositoryOfPath(url.pathname);
  const hints = own ? cleanScopes([...(request.scopes ?? []), ...scopesFor(options.hints ?? NO_SCOPE_HINTS, registry)]) : [];
  const implied = own ? (impliedScopes(method, url) ?? []) : [];
  const reads = method === "GET" || method === "HEAD";
  return {
    origin: url.origin,
    url: new URL("/", url),
    own,
    credential: { registry, ...(repository !== undefined && { repository }), purpose: reads ? "pull" : "push" },
    hints,
    likely: cleanScopes([...hints, ...implied]),
  };
}
