import { BerthError, type CallOptions } from "@berth/oci";
import { isFileSystemError, systemMessage } from "@berth/oci/node";
import { CLASS_BY_CODE, CLASS_BY_OCI_CODE, CLASS_BY_STATUS, type ErrorClass } from "./error-classes.ts";
import { type ErrorHint, hintFor } from "./error-hints.ts";
export { fullAt, NoSpaceError } from "./no-space.ts";

/** What {@link classifyError} finds out. */
export interface ErrorClassification {
  readonly class: ErrorClass;
  /**
   * The registry's own code (`MANIFEST_UNKNOWN`), else the error's (`ERR_DIGEST_MISMATCH`), else `ERR_UNKNOWN`. Of the file system it is
   * `ERR_FILE_SYSTEM`, or of a full one `ENOSPC` or `EDQUOT`; what the system said is the code of a cause.
   */
  readonly code: string;
  /** HTTP status, when a registry answered. */
  readonly status?: number;
  /** Host that answered or should have. */
  readonly registry?: string;
  /** Whether the same call may succeed when made again. */
  readonly retryable: boolean;
  /** What to do next, where that is known. */
  readonly hint?: ErrorHint;
}

/**
 * An operation of the engine failed. Its message is that of `cause`, the error behind it, or of the file system what that means in plain words. Of one that its signal ended the class is
 * `Canceled`, the code `ERR_CANCELED`, and the cause the reason of the signal.
 */
export class EngineError extends BerthError {
  /** What the error means; stable, like `code`. */
  readonly class: ErrorClass;
  /** HTTP status, when a registry answered. */
  readonly status: number | undefined;
  /** Host that answered or should have, where there is one. */
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

/**
 * Makes an {@link EngineError} of anything that was thrown; one is passed through, unless it is the reason of an abort and says something else.
 *
 * @param call that failed.
 */
export function toEngineError(error: unknown, call: CallOptions = {}): EngineError {
  if (error instanceof EngineError && (error.class === "Canceled" || !isBecauseOf(error, call))) return error;
  return new EngineError(systemMessage(error instanceof Error ? error.message : String(error)), classifyError(error, call), error);
}

/** Causes that are looked into, at most. */
const MAX_CAUSES = 12;

/**
 * Tells what an error means, whoever threw it: this package, the client, the vocabulary, Node, an abort. The first of its causes that means
 * something decides, except that a full disk, wherever it stands, is a full disk. What the signal of the call that failed was aborted with
 * is an abort, whatever else it is.
 *
 * @param call that failed; default: one without a signal.
 */
export function classifyError(error: unknown, call: CallOptions = {}): ErrorClassification {
  if (isBecauseOf(error, call)) return { class: "Canceled", code: "ERR_CANCELED", retryable: false };
  if (error instanceof EngineError) return classificationOf(error);
  const causes = causesOf(error);
  const codes = causes.map(codeOf).filter((code) => code !== undefined);
  const answer = causes.map(answerOf).find((found) => found !== undefined);
  const ociCode = answer?.codes[0];
  const { found, code } = decide(causes, codes);
  const registry = causes.map(registryOf).find((host) => host !== undefined);
  const isOfFiles = answer === undefined && found !== "NoSpace" && !code?.startsWith("ERR_") && causes.some(isFileSystemError);
  const hint = isOfFiles
    ? undefined
    : hintFor(found, codes, {
        isTag: found === "NotFound" && isAboutManifest(causes, ociCode),
        isRepository: found === "NotFound" && isAboutRepository(causes, ociCode),
        isOfProxy: causes.some(mayBeOfProxy),
        isOfRealm: causes.some((cause) => has(cause, "untrustedRealm") && cause.untrustedRealm !== undefined),
        isArtifact: causes.some((cause) => has(cause, "isArtifact") && cause.isArtifact === true),
      });
  return {
    class: found,
    code: isOfFiles ? "ERR_FILE_SYSTEM" : (ociCode ?? code ?? codes[0] ?? "ERR_UNKNOWN"),
    ...(answer && { status: answer.status }),
    ...(registry !== undefined && { registry }),
    retryable: isRetryable(causes, found),
    ...(hint && { hint }),
  };
}

/** Whether a call failed because its signal was aborted. */
function isBecauseOf(error: unknown, { signal }: CallOptions): boolean {
  if (signal?.aborted !== true) return false;
  const reason: unknown = signal.reason;
  return error === reason || causesOf(error).includes(reason);
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

/** The class, and the code of the error that decided it. */
function decide(causes: readonly unknown[], codes: readonly string[]): { readonly found: ErrorClass; readonly code: string | undefined } {
  const full = codes.find((code) => CLASS_BY_CODE[code] === "NoSpace");
  if (full !== undefined) return { found: "NoSpace", code: full };
  for (const cause of causes.filter((one) => !isCutShort(one))) {
    const found = classOf(cause);
    if (found !== undefined) return { found, code: isAbort(cause) ? "ERR_CANCELED" : codeOf(cause) };
  }
  return { found: "Failed", code: undefined };
}

/** Of content that is too short because of something else that says more. */
function isCutShort(cause: unknown): boolean {
  return codeOf(cause) === "ERR_SIZE_MISMATCH" && has(cause, "cause") && classOf(cause.cause) !== undefined;
}

function classOf(cause: unknown): ErrorClass | undefined {
  if (cause instanceof EngineError) return cause.class;
  if (isAbort(cause)) return "Canceled";
  const code = codeOf(cause);
  if (code === "ERR_NOT_FOUND" && has(cause, "platform")) return "NoMatchingPlatform";
  const answer = answerOf(cause);
  if (answer !== undefined && code !== "ERR_RATE_LIMITED") return classOfAnswer(answer);
  if (code === "ERR_AUTH" && has(cause, "fault") && cause.fault === "server") return classOfServersFault(cause);
  if (code?.startsWith("CERT_") || code?.startsWith("ERR_SSL_") || code?.startsWith("ERR_TLS_")) return "Unavailable";
  return code === undefined ? undefined : CLASS_BY_CODE[code];
}

/** A token server that is overloaded or broken says nothing about who we are. */
function classOfServersFault(error: unknown): ErrorClass {
  const answer = error instanceof Error ? answerOf(error.cause) : undefined;
  return answer !== undefined && classOfAnswer(answer) === "RateLimited" ? "RateLimited" : "Unavailable";
}

function classOfAnswer({ status, codes, fromProxy }: Answer): ErrorClass {
  if (fromProxy) return "Unavailable";
  const byCode = codes.map((code) => CLASS_BY_OCI_CODE[code]).find((one) => one !== undefined);
  return byCode ?? CLASS_BY_STATUS[status] ?? (status >= 500 ? "Unavailable" : "Failed");
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
  /** It is a proxy's own answer, and says nothing of the registry. */
  readonly fromProxy: boolean;
}

/** The shape is looked at, so that reading a folder does not load all that HTTP takes. */
function answerOf(cause: unknown): Answer | undefined {
  if (!BerthError.is(cause) || (cause.code !== "ERR_RESPONSE" && cause.code !== "ERR_RATE_LIMITED")) return undefined;
  if (!has(cause, "status") || typeof cause.status !== "number") return undefined;
  const errors: readonly unknown[] = has(cause, "errors") && Array.isArray(cause.errors) ? cause.errors : [];
  const fromProxy = has(cause, "fromProxy") && cause.fromProxy === true;
  return { status: cause.status, codes: errors.map(codeOf).filter((code) => code !== undefined), fromProxy };
}

/** Whether a proxy for plain HTTP may have refused by itself: nothing shows that it was the registry. */
function mayBeOfProxy(cause: unknown): boolean {
  if (answerOf(cause)?.codes.length !== 0 || !has(cause, "proxy") || cause.proxy === undefined) return false;
  return has(cause, "url") && String(cause.url).startsWith("http:");
}

function registryOf(cause: unknown): string | undefined {
  if (cause instanceof EngineError) return cause.registry;
  if (!BerthError.is(cause)) return undefined;
  if (has(cause, "registry") && typeof cause.registry === "string") return cause.registry;
  if (!has(cause, "url") || typeof cause.url !== "string") return undefined;
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

/** Tags are what a repository lists: of one that is not there this is how it comes out, also where a registry has no words for it. */
function isAboutRepository(causes: readonly unknown[], ociCode: string | undefined): boolean {
  return ociCode === "NAME_UNKNOWN" || causes.some((cause) => has(cause, "operation") && cause.operation === "list tags");
}

function isRetryable(causes: readonly unknown[], found: ErrorClass): boolean {
  return found === "RateLimited" || causes.some((cause) => BerthError.is(cause) && cause.retryable);
}

function has<Name extends string>(value: unknown, name: Name): value is Record<Name, unknown> {
  return typeof value === "object" && value !== null && name in value;
}
