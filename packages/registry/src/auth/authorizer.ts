import { BerthError } from "@berth/oci";

/** One thing that a request wants to do. */
export interface Access {
  /** `repository` or `registry`. */
  readonly type: string;
  /** Kind of the resource; empty for images. */
  readonly class: string;
  /** Of the repository; `catalog` for the list of all of them. */
  readonly name: string;
  /** `pull`, `push`, `delete` or `*`. */
  readonly action: string;
}

/** What an authorizer looks at of a request. */
export interface AuthRequest {
  /** The `Authorization` header as it came. */
  readonly authorization: string | undefined;
  /** Address of the peer, for logs and limits. */
  readonly remoteAddress: string;
  /** The base address that the client used, for realms made from it. */
  baseUrl(): string;
}

/** Who the request is from and what else it may do. */
export interface Grant {
  /** Undefined: anonymous. */
  readonly user: { readonly name: string } | undefined;
  /** Whether the caller may also do this; for mounts and filtered lists. */
  allows(access: Access): boolean;
}

/** Decides on requests. Called before any storage or metadata is touched. */
export interface Authorizer {
  /**
   * @throws {ChallengeError} when credentials are missing, wrong or not enough.
   * @throws {RegistryError} with `DENIED` when other credentials would not help, `TOOMANYREQUESTS` when the caller is to slow down.
   * Any other error means that the authorizer itself cannot work: the client gets 503.
   */
  authorize(request: AuthRequest, accesses: readonly Access[]): Grant | Promise<Grant>;
  /** Gives back what it holds, once no request asks it any more. */
  close?(): Promise<void>;
}

/** The request needs (other) credentials; `challenge` is the `WWW-Authenticate` value. */
export class ChallengeError extends BerthError<"ERR_CHALLENGE"> {
  readonly challenge: string;
  readonly accesses: readonly Access[];

  constructor(challenge: string, accesses: readonly Access[], reason: string) {
    super("ERR_CHALLENGE", `Cannot authorize request: ${reason}`);
    this.challenge = challenge;
    this.accesses = accesses;
  }
}

/** The authorizer is overloaded or its backend is out of reach. */
export class AuthUnavailableError extends BerthError<"ERR_AUTH_UNAVAILABLE"> {
  constructor(reason: string, options?: { readonly cause?: unknown }) {
    super("ERR_AUTH_UNAVAILABLE", `Cannot authorize request: ${reason}`, { ...options, retryable: true });
  }
}
