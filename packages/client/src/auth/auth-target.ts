import { cleanScopes } from "@berth/oci";
import type { CredentialTarget } from "../credentials/credential.ts";
import type { TransportRequest } from "../transport/transport.ts";
import type { AuthOptions } from "./auth-options.ts";
import { isRegistryUrl, registryName } from "./registry-name.ts";
import { NO_SCOPE_HINTS, scopesFor } from "./scope-hints.ts";
import { impliedScopes, repositoryOfPath } from "./scopes.ts";

/** Whom a request goes to, and what it needs there. */
export interface AuthTarget {
  /** Scheme, host and port: `https://registry.test`. */
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

/** Looks at a request, and no closer than somebody asks: a registry that is open to all needs little more than the origin. */
export function authTarget(request: TransportRequest, options: AuthOptions): AuthTarget {
  return new RequestTarget(request, options);
}

class RequestTarget implements AuthTarget {
  readonly origin: string;
  readonly own: boolean;
  readonly #request: TransportRequest;
  readonly #options: AuthOptions;
  #hints: readonly string[] | undefined;
  #likely: readonly string[] | undefined;

  constructor(request: TransportRequest, options: AuthOptions) {
    this.origin = request.url.origin;
    this.own = options.registry === undefined || isRegistryUrl(request.url, options.registry);
    this.#request = request;
    this.#options = options;
  }

  get url(): URL {
    return new URL("/", this.#request.url);
  }

  get credential(): CredentialTarget {
    const { method, url } = this.#request;
    const repository = repositoryOfPath(url.pathname);
    const reads = method === "GET" || method === "HEAD";
    return { registry: this.#registry, ...(repository !== undefined && { repository }), purpose: reads ? "pull" : "push" };
  }

  get hints(): readonly string[] {
    const { hints = NO_SCOPE_HINTS } = this.#options;
    this.#hints ??= this.own ? cleanScopes([...(this.#request.scopes ?? []), ...scopesFor(hints, this.#registry)]) : [];
    return this.#hints;
  }

  get likely(): readonly string[] {
    this.#likely ??= this.own ? cleanScopes([...this.hints, ...(impliedScopes(this.#request.method, this.#request.url) ?? [])]) : [];
    return this.#likely;
  }

  get #registry(): string {
    const { registry } = this.#options;
    return this.own && registry !== undefined ? registry : registryName(this.#request.url.host);
  }
}
