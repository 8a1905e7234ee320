import { BerthError, type BerthErrorOptions, NotFoundError, type OciError } from "@berth/oci";

/** What every error of a request says. */
export interface RequestFailure extends BerthErrorOptions {
  /** In words that fit behind "Cannot": `push blob`. */
  readonly operation: string;
  readonly method: string;
  /** Without user information, and without the values of queries that may be secret. */
  readonly url: string;
  /** How often the request was sent; default 1. */
  readonly attempts?: number;
  /** The proxy that it went to, host and port. */
  readonly proxy?: string;
}

/** A request failed: there was no answer, or not the one that was hoped for. */
export class RequestError<Code extends string = string> extends BerthError<Code> {
  /** In words that fit behind "Cannot": `push blob`. */
  readonly operation: string;
  readonly method: string;
  /** Without user information, and without the values of queries that may be secret. */
  readonly url: string;
  /** How often the request was sent. */
  readonly attempts: number;
  /** The proxy that it went to, host and port. For plain HTTP it may have answered in place of the registry. */
  readonly proxy: string | undefined;

  constructor(code: Code, message: string, failure: RequestFailure) {
    super(code, message, failure);
    this.operation = failure.operation;
    this.method = failure.method;
    this.url = failure.url;
    this.attempts = failure.attempts ?? 1;
    this.proxy = failure.proxy;
  }
}

/** What {@link ResponseError} is made of. */
export interface ResponseFailure extends RequestFailure {
  /** HTTP status. */
  readonly status: number;
  /** From the body, codes as they came. */
  readonly errors: readonly OciError[];
  /** The start of the body, at most 64 KiB. */
  readonly body?: Uint8Array;
  /** Of the answer, by lower-case name; default none. */
  readonly headers?: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** What the server calls the request, from its headers. */
  readonly requestId?: string;
  /** Milliseconds that the server asked to wait. */
  readonly retryAfterMs?: number;
  /** Whether the proxy's own refusal is shown by the answer; default false. */
  readonly fromProxy?: boolean;
}

/** A registry or token server answered with a status that means failure. @see OCI distribution-spec, "Error Codes" */
export class ResponseError extends RequestError<"ERR_RESPONSE" | "ERR_RATE_LIMITED"> {
  /** HTTP status. */
  readonly status: number;
  /** From the body, codes as they came; empty when the body was no error body. */
  readonly errors: readonly OciError[];
  /** The start of the body, at most 64 KiB. Not printed with the error. */
  readonly body: Uint8Array;
  /** Not printed with the error: there may be cookies among them. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** What the server calls the request, where its headers say it. */
  readonly requestId: string | undefined;
  /** Milliseconds that the server asked to wait; undefined: it did not ask. */
  readonly retryAfterMs: number | undefined;
  /** True for an answer that is the proxy's own for sure: 407, or 401 that asks for credentials of a proxy alone. */
  readonly fromProxy: boolean;

  constructor(message: string, failure: ResponseFailure, code: "ERR_RESPONSE" | "ERR_RATE_LIMITED" = "ERR_RESPONSE") {
    super(code, message, failure);
    this.status = failure.status;
    this.errors = failure.errors;
    this.body = failure.body ?? new Uint8Array();
    this.headers = failure.headers ?? {};
    // Logs print what is enumerable: up to 64 KiB as numbers, and cookies.
    for (const name of ["body", "headers"]) Object.defineProperty(this, name, { enumerable: false });
    this.requestId = failure.requestId;
    this.retryAfterMs = failure.retryAfterMs;
    this.fromProxy = failure.fromProxy ?? false;
  }
}

/** The registry wants us to wait longer than we are willing to. `retryAfterMs` says how long. */
export class RateLimitedError extends ResponseError {
  constructor(message: string, failure: ResponseFailure) {
    super(message, { retryable: true, ...failure }, "ERR_RATE_LIMITED");
  }
}

/** No answer came: name not found, connection refused or cut, certificate refused, a time limit passed. `cause` is Node's own error. */
export class NetworkError extends RequestError<"ERR_NETWORK"> {
  constructor(message: string, failure: RequestFailure) {
    super("ERR_NETWORK", message, failure);
  }
}

/** No credential, token or challenge led to access: a token server refused or answered nonsense, a realm was not trusted. */
export class AuthError extends RequestError<"ERR_AUTH"> {
  /** The registry that a token was wanted for, with port; undefined where the URL is its own. */
  readonly registry?: string;
  /** Whether another credential could help, or a server has to be mended first: one that failed, or answered nonsense. */
  readonly fault: "credential" | "server";
  /** The token server that was not asked, or not told who we are, because it is not trusted; see `RealmRules`. */
  readonly untrustedRealm?: string;

  constructor(message: string, failure: RequestFailure & { readonly untrustedRealm?: string }) {
    super("ERR_AUTH", message, failure);
    this.fault = faultOf(failure.cause);
    if (failure.untrustedRealm !== undefined) this.untrustedRealm = failure.untrustedRealm;
  }
}

/** Refusals that say nothing of who asks. */
const NOT_ABOUT_US: ReadonlySet<number> = new Set([404, 405, 407, 408, 429]);

/** @param cause a refusal in the words of HTTP, or what was wrong with an answer */
function faultOf(cause: unknown): AuthError["fault"] {
  if (cause instanceof ResponseError) {
    const isRefusal = cause.status >= 400 && cause.status < 500 && !NOT_ABOUT_US.has(cause.status);
    return isRefusal && !cause.fromProxy ? "credential" : "server";
  }
  return BerthError.is(cause) ? "server" : "credential";
}

/** A request had to be sent again, but its body can be read only once. Hand over a `ReplayableSource` or bytes to avoid it. */
export class UnreplayableBodyError extends BerthError<"ERR_UNREPLAYABLE_BODY"> {
  constructor(options?: BerthErrorOptions) {
    const why = BerthError.is(options?.cause) ? shortened(options.cause.message) : undefined;
    const message = "Cannot send the request again: its body can be read only once";
    const advice = "give bytes, a file, or another source that can be opened again";
    super("ERR_UNREPLAYABLE_BODY", `${message}${why === undefined ? "" : ` (the first time: ${why})`}; ${advice}`, options);
  }
}

/** What an error says, without what was wanted and without advice. */
function shortened(message: string): string {
  return (message.split("; ", 1)[0] ?? "").replace(/^Cannot .*?: /, "");
}

/** An answer broke the protocol: a header is missing or malformed, a redirect leads nowhere, content is of another type than asked for. */
export class ProtocolError extends RequestError<"ERR_PROTOCOL"> {
  constructor(message: string, failure: RequestFailure) {
    super("ERR_PROTOCOL", message, failure);
  }
}

/** There is an image, but none for the platform asked for. */
export class PlatformNotFoundError extends NotFoundError {
  /** As text: `linux/arm64`. */
  readonly platform: string;
  /** The platforms that there are, as text; the first ones of many. */
  readonly available: readonly string[];

  /**
   * @param available "" among them stands for images that do not say which platform they are for.
   * @param options with `place`: what was looked into, `ghcr.io/acme/app@sha256:...`; the message names it.
   */
  constructor(platform: string, available: readonly string[], options: BerthErrorOptions & { readonly place?: string } = {}) {
    const { place, ...rest } = options;
    const named = available.filter((one) => one !== "");
    const none = available.length === 0 ? "there is none for any platform" : "what is there does not say its platform";
    const others = named.length === 0 ? none : `there are images for ${named.join(", ")}`;
    super("manifest", place ?? platform, { ...rest, answer: `it has no image for ${platform}; ${others}` });
    if (place === undefined) {
      this.message = `Cannot find image for ${platform}: ${others}`;
      Error.captureStackTrace(this, new.target); // which repeats the message
    }
    this.platform = platform;
    this.available = named;
  }
}

/** True for any "does not exist": our `NotFoundError`, or a 404 of a registry. */
export function isNotFound(error: unknown): boolean {
  return BerthError.is(error) && (error.code === "ERR_NOT_FOUND" || statusOf(error) === 404);
}

/** Statuses with which registries refuse to say what they have, to those who may push all the same. */
const LOOK_REFUSALS: ReadonlySet<number> = new Set([403, 405]);

/** True when a registry does not say whether it has something: who may push need not be allowed to look. @see go-containerregistry, remote.writer */
export function isLookRefused(error: unknown): boolean {
  return error instanceof ResponseError && LOOK_REFUSALS.has(error.status);
}

/** True when credentials are missing or wrong; false when a token server failed, which says nothing of them. */
export function isUnauthorized(error: unknown): boolean {
  if (error instanceof AuthError) return error.fault === "credential";
  return BerthError.is(error) && statusOf(error) === 401;
}

/** True when the credentials are known but do not suffice. */
export function isDenied(error: unknown): boolean {
  return BerthError.is(error) && (statusOf(error) === 403 || hasErrorCode(error, "DENIED"));
}

/** True when the registry asks to slow down. */
export function isRateLimited(error: unknown): boolean {
  return BerthError.is(error) && (error.code === "ERR_RATE_LIMITED" || statusOf(error) === 429);
}

/** True when an error, or one of its causes, came with that code in its body: `hasErrorCode(error, "NAME_UNKNOWN")`. */
export function hasErrorCode(error: unknown, code: string): boolean {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 10; at = at.cause, depth++) {
    if (at instanceof ResponseError && at.errors.some((one) => one.code === code)) return true;
  }
  return false;
}

function statusOf(error: BerthError): number | undefined {
  return error instanceof ResponseError ? error.status : undefined;
}
