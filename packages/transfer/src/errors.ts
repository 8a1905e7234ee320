import { BerthError } from "@berth/oci";
import { type ErrorHint, hintFor } from "./error-hints.ts";

/**
 * What an error means to who asked for something to be done. `InvalidInput`: what was asked for is malformed; `Protocol`: the other side
 * does not keep to the rules; `Failed`: none of the others.
 *
 * @see docker, errdefs; containerd, errdefs
 */
export type ErrorClass =
  | "Canceled"
  | "Conflict"
  | "Denied"
  | "DigestMismatch"
  | "Failed"
  | "InvalidInput"
  | "InvalidManifest"
  | "LimitExceeded"
  | "NoMatchingPlatform"
  | "NoSpace"
  | "NotFound"
  | "Protocol"
  | "RateLimited"
  | "RootfsMismatch"
  | "Unauthorized"
  | "Unavailable"
  | "Unsupported"
  | "UnsupportedManifest";

/** What {@link classifyError} finds out. */
export interface ErrorClassification {
  readonly class: ErrorClass;
  /** The registry's own code (`MANIFEST_UNKNOWN`), else the error's (`ERR_DIGEST_MISMATCH`, `ENOSPC`), else `ERR_UNKNOWN`. */
  readonly code: string;
  /** HTTP status, when a registry answered. */
  readonly status?: number;
  /** Host that answered or should have. */
  readonly registry?: string;
  /** Whether the same call may succeed when made again. */
  readonly retryable: boolean;
  readonly hint?: ErrorHint;
}

/** An operation of the engine failed. Its message is that of `cause`, the error behind it. */
export class EngineError extends BerthError {
  /** What the error means; stable, like `code`. */
  readonly class: ErrorClass;
  readonly status: number | undefined;
  readonly registry: string | undefined;
  /** What to do next, where that is known. */
  readonly hint: ErrorHint | undefined;

  constructor(message: string, classification: ErrorClassification, cause?: unknown) {
    super(classification.code, message, { cause, retryable: classification.retryable });
    this.class = classification.class;
    this.status = classification.status;
    this.registry = classification.registry;
    this.hint = classification.hint;
  }
}

/** Makes an {@link EngineError} of anything that was thrown; one is passed through. */
export function toEngineError(error: unknown): EngineError {
  if (error instanceof EngineError) return error;
  return new EngineError(error instanceof Error ? error.message : String(error), classifyError(error), error);
}

/** By the code of the error. */
const BY_CODE: Readonly<Record<string, ErrorClass>> = {
  ABORT_ERR: "Canceled",
  EACCES: "Denied",
  EAI_AGAIN: "Unavailable",
  ECONNREFUSED: "Unavailable",
  ECONNRESET: "Unavailable",
  EDQUOT: "NoSpace",
  EEXIST: "Conflict",
  EHOSTUNREACH: "Unavailable",
  EMFILE: "Unavailable",
  ENETUNREACH: "Unavailable",
  ENFILE: "Unavailable",
  ENOENT: "NotFound",
  ENOSPC: "NoSpace",
  ENOTDIR: "InvalidInput",
  ENOTFOUND: "Unavailable",
  EISDIR: "InvalidInput",
  EPERM: "Denied",
  EPIPE: "Unavailable",
  EROFS: "Denied",
  ERR_ACCESS_DENIED: "Denied",
  ERR_AMBIGUOUS_LOCATION: "InvalidInput",
  ERR_AUTH: "Unauthorized",
  ERR_CERTIFICATES: "InvalidInput",
  ERR_CREDENTIAL_FILE: "Unauthorized",
  ERR_CREDENTIAL_HELPER: "Unauthorized",
  ERR_DIGEST_MISMATCH: "DigestMismatch",
  ERR_INVALID_CREDENTIAL: "Unauthorized",
  ERR_INVALID_DIGEST: "InvalidInput",
  ERR_INVALID_LINK: "Protocol",
  ERR_INVALID_LOCATION: "InvalidInput",
  ERR_INVALID_MANIFEST: "InvalidManifest",
  ERR_INVALID_REFERENCE: "InvalidInput",
  ERR_LIMIT_EXCEEDED: "LimitExceeded",
  ERR_MANIFEST_BLOB_UNKNOWN: "InvalidManifest",
  ERR_MANIFEST_UNVERIFIED: "InvalidManifest",
  ERR_MANIFEST_VERIFICATION: "InvalidManifest",
  ERR_NETWORK: "Unavailable",
  ERR_NOT_FOUND: "NotFound",
  ERR_NO_MATCHING_PLATFORM: "NoMatchingPlatform",
  ERR_PLAINTEXT_PUT: "Unauthorized",
  ERR_PROTOCOL: "Protocol",
  ERR_RATE_LIMITED: "RateLimited",
  ERR_ROOTFS_MISMATCH: "RootfsMismatch",
  ERR_SCHEMA_V1_UNSUPPORTED: "UnsupportedManifest",
  ERR_SIZE_MISMATCH: "DigestMismatch",
  ERR_UNREPLAYABLE_BODY: "Unavailable",
  ERR_UNSUPPORTED: "Unsupported",
  ETIMEDOUT: "Unavailable",
};

/** By the code of a registry. @see OCI distribution-spec, "Error Codes" */
const BY_OCI_CODE: Readonly<Record<string, ErrorClass>> = {
  BLOB_UNKNOWN: "NotFound",
  BLOB_UPLOAD_INVALID: "Protocol",
  BLOB_UPLOAD_UNKNOWN: "NotFound",
  DENIED: "Denied",
  DIGEST_INVALID: "DigestMismatch",
  MANIFEST_BLOB_UNKNOWN: "InvalidManifest",
  MANIFEST_INVALID: "InvalidManifest",
  MANIFEST_UNKNOWN: "NotFound",
  MANIFEST_UNVERIFIED: "InvalidManifest",
  NAME_INVALID: "InvalidInput",
  NAME_UNKNOWN: "NotFound",
  SIZE_INVALID: "DigestMismatch",
  TAG_INVALID: "InvalidInput",
  TOOMANYREQUESTS: "RateLimited",
  UNAUTHORIZED: "Unauthorized",
  UNAVAILABLE: "Unavailable",
  UNSUPPORTED: "Unsupported",
};

const BY_STATUS: Readonly<Record<number, ErrorClass>> = {
  401: "Unauthorized",
  403: "Denied",
  404: "NotFound",
  405: "Unsupported",
  406: "UnsupportedManifest",
  408: "Unavailable",
  409: "Conflict",
  410: "NotFound",
  412: "Conflict",
  413: "LimitExceeded",
  415: "UnsupportedManifest",
  423: "Conflict",
  429: "RateLimited",
  507: "NoSpace",
};

/** Causes that are looked into, at most. */
const MAX_CAUSES = 12;

/**
 * Tells what an error means, whoever threw it: this package, the client, the vocabulary, Node, an abort. The first of its causes that means
 * something decides, except that a full disk, wherever it stands, is a full disk.
 */
export function classifyError(error: unknown): ErrorClassification {
  if (error instanceof EngineError) return classificationOf(error);
  const causes = causesOf(error);
  const codes = causes.map(codeOf).filter((code) => code !== undefined);
  const answer = causes.map(answerOf).find((found) => found !== undefined);
  const ociCode = answer?.codes[0];
  const found = classOf(causes, codes);
  const registry = causes.map(registryOf).find((host) => host !== undefined);
  const hint = hintFor(found, codes, found === "NotFound" && isAboutManifest(causes, ociCode));
  return {
    class: found,
    code: ociCode ?? codes[0] ?? "ERR_UNKNOWN",
    ...(answer && { status: answer.status }),
    ...(registry !== undefined && { registry }),
    retryable: isRetryable(causes, found),
    ...(hint && { hint }),
  };
}

function classificationOf({ class: found, code, status, registry, retryable, hint }: EngineError): ErrorClassification {
  return {
    class: found,
    code,
    retryable,
    ...(status !== undefined && { status }),
    ...(registry !== undefined && { registry }),
    ...(hint && { hint }),
  };
}

function classOf(causes: readonly unknown[], codes: readonly string[]): ErrorClass {
  if (codes.some((code) => BY_CODE[code] === "NoSpace")) return "NoSpace";
  for (const cause of causes) {
    const found = classOfOne(cause);
    if (found !== undefined) return found;
  }
  return "Failed";
}

function classOfOne(cause: unknown): ErrorClass | undefined {
  if (cause instanceof EngineError) return cause.class;
  if (isAbort(cause)) return "Canceled";
  const code = codeOf(cause);
  if (code === "ERR_NOT_FOUND" && has(cause, "platform")) return "NoMatchingPlatform";
  const answer = answerOf(cause);
  if (answer !== undefined && code !== "ERR_RATE_LIMITED") return classOfAnswer(answer);
  if (code?.startsWith("CERT_") || code?.startsWith("ERR_SSL_") || code?.startsWith("ERR_TLS_")) return "Unavailable";
  return code === undefined ? undefined : BY_CODE[code];
}

function classOfAnswer({ status, codes }: Answer): ErrorClass {
  const byCode = codes.map((code) => BY_OCI_CODE[code]).find((one) => one !== undefined);
  return byCode ?? BY_STATUS[status] ?? (status >= 500 ? "Unavailable" : "Failed");
}

/** The error and what it was caused by; of several causes at once, the first one that was tried. */
function causesOf(error: unknown): readonly unknown[] {
  const causes: unknown[] = [];
  for (let at: unknown = error; at !== undefined && at !== null && causes.length < MAX_CAUSES; ) {
    causes.push(at);
    if (at instanceof AggregateError && at.cause === undefined) at = at.errors[0];
    else at = at instanceof Error ? at.cause : undefined;
  }
  return causes;
}

interface Answer {
  readonly status: number;
  /** What the registry called it, in its order. */
  readonly codes: readonly string[];
}

/** The shape is looked at, so that reading a folder does not load all that HTTP takes. */
function answerOf(cause: unknown): Answer | undefined {
  if (!BerthError.is(cause) || (cause.code !== "ERR_RESPONSE" && cause.code !== "ERR_RATE_LIMITED")) return undefined;
  if (!has(cause, "status") || typeof cause.status !== "number") return undefined;
  const errors: readonly unknown[] = has(cause, "errors") && Array.isArray(cause.errors) ? cause.errors : [];
  return { status: cause.status, codes: errors.map(codeOf).filter((code) => code !== undefined) };
}

function registryOf(cause: unknown): string | undefined {
  if (cause instanceof EngineError) return cause.registry;
  if (!BerthError.is(cause) || !has(cause, "url") || typeof cause.url !== "string") return undefined;
  return URL.parse(cause.url)?.host;
}

function codeOf(cause: unknown): string | undefined {
  return has(cause, "code") && typeof cause.code === "string" ? cause.code : undefined;
}

/** What `AbortController` and `AbortSignal.timeout` give as reasons. */
function isAbort(cause: unknown): boolean {
  return cause instanceof Error && (cause.name === "AbortError" || cause.name === "TimeoutError");
}

function isAboutManifest(causes: readonly unknown[], ociCode: string | undefined): boolean {
  return (
    ociCode === "MANIFEST_UNKNOWN" || causes.some((cause) => has(cause, "what") && (cause.what === "manifest" || cause.what === "tag"))
  );
}

function isRetryable(causes: readonly unknown[], found: ErrorClass): boolean {
  return found === "RateLimited" || causes.some((cause) => BerthError.is(cause) && cause.retryable);
}

function has<Name extends string>(value: unknown, name: Name): value is Record<Name, unknown> {
  return typeof value === "object" && value !== null && name in value;
}
