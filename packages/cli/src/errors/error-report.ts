import type { ErrorClass } from "@berth/transfer";
import { BerthError } from "@berth/oci";
import { CommandFailure, EXIT_CODE } from "../exit-code.ts";
import { oneLine, plainText } from "../output/plain-text.ts";
import { adviceOf } from "./advised-error.ts";
import { told } from "./hint-text.ts";
import { UserFileError } from "./user-file-error.ts";

/** A failure as it is told. With `--format json` it is one line of JSON, without `exitCode`. */
export interface ErrorReport {
  /** What it means; `Usage`: the command line is wrong; `Crash`: a bug of ours. */
  readonly class: ErrorClass | "Usage" | "Crash";
  /** The registry's own code (`MANIFEST_UNKNOWN`), else ours (`ERR_NETWORK`). */
  readonly code: string;
  readonly message: string;
  /** Host that answered or should have. */
  readonly registry?: string;
  /** HTTP status, when a registry answered. */
  readonly status?: number;
  /** Milliseconds after which a registry that was asked too much wants to be asked again, if it said so. */
  readonly retryAfterMs?: number;
  /** What to do next. */
  readonly hint?: string;
  readonly exitCode: number;
}

/** What is known about the command that failed. */
export interface ErrorContext {
  /** What it was about: the reference that was opened last. */
  readonly subject?: string;
  /** What flags or variables prove who we are with, so that to sign in is no advice; undefined: they say nothing. */
  readonly proof?: () => "password" | "token" | undefined;
  /** Whether the command has `--max-ratio`. */
  readonly hasMaxRatio?: boolean;
  /** Milliseconds of `--timeout`, when they are over. */
  readonly timedOutMs?: number;
  /** Whether the user or the system asked the process to stop. */
  readonly stopped: boolean;
  /** What its signal says. */
  readonly stopReason?: unknown;
  /** What helps who stopped it. */
  readonly stopHint?: string;
}

const BY_CLASS: Readonly<Record<ErrorClass, number>> = {
  Canceled: EXIT_CODE.interrupted,
  Conflict: EXIT_CODE.conflict,
  Denied: EXIT_CODE.auth,
  DigestMismatch: EXIT_CODE.invalid,
  Failed: EXIT_CODE.failure,
  InvalidInput: EXIT_CODE.usage,
  InvalidManifest: EXIT_CODE.invalid,
  LimitExceeded: EXIT_CODE.invalid,
  NoMatchingPlatform: EXIT_CODE.notFound,
  NoSpace: EXIT_CODE.failure,
  NotFound: EXIT_CODE.notFound,
  Protocol: EXIT_CODE.failure,
  RateLimited: EXIT_CODE.rateLimited,
  RootfsMismatch: EXIT_CODE.invalid,
  Unauthorized: EXIT_CODE.auth,
  Unavailable: EXIT_CODE.unavailable,
  Unsupported: EXIT_CODE.failure,
  UnsupportedManifest: EXIT_CODE.failure,
};

/** What commands say themselves. */
const BY_EXIT_CODE: Readonly<Partial<Record<number, Pick<ErrorReport, "class" | "code">>>> = {
  [EXIT_CODE.usage]: { class: "Usage", code: "ERR_USAGE" },
  [EXIT_CODE.auth]: { class: "Unauthorized", code: "ERR_AUTH" },
  [EXIT_CODE.notFound]: { class: "NotFound", code: "ERR_NOT_FOUND" },
  [EXIT_CODE.conflict]: { class: "Conflict", code: "ERR_CONFLICT" },
};

/** Tells a failure: what happened, who said it, what to do next. */
export async function reportError(error: unknown, context: ErrorContext): Promise<ErrorReport> {
  if (error instanceof CommandFailure) {
    const { class: found, code } = BY_EXIT_CODE[error.exitCode] ?? { class: "Failed", code: "ERR_FAILED" };
    return { class: found, code, message: error.message, exitCode: error.exitCode };
  }
  if (context.stopped && context.stopReason instanceof CommandFailure) {
    return { class: "Canceled", code: "EPIPE", message: context.stopReason.message, exitCode: context.stopReason.exitCode };
  }
  if (context.stopped) {
    const { stopHint: hint } = context;
    return {
      class: "Canceled",
      code: "ABORT_ERR",
      message: "stopped",
      ...(hint !== undefined && { hint }),
      exitCode: EXIT_CODE.interrupted,
    };
  }
  if (context.timedOutMs !== undefined) {
    const message = `Cannot finish within ${context.timedOutMs / 1000} s, as --timeout says`;
    return { class: "Unavailable", code: "ERR_TIMEOUT", message, exitCode: EXIT_CODE.unavailable };
  }
  if (!isMeant(error)) {
    const name = error instanceof Error ? error.name : "unknown error";
    const message = `Something went wrong within berth (${name}): this is a bug, add --debug to see more`;
    return { class: "Crash", code: "ERR_CRASH", message, exitCode: EXIT_CODE.failure };
  }
  // the lines of a message are its mistakes; nobody else may break lines, they end a message
  if (error instanceof UserFileError)
    return { class: "InvalidInput", code: error.code, message: plainText(error.message), exitCode: EXIT_CODE.usage };
  const { classifyError } = await import("@berth/transfer/errors");
  const found = classifyError(error);
  // what the system forbids is no matter of signing in
  const isRefused = found.class === "LimitExceeded" && found.status !== undefined; // nothing is wrong with what a registry does not take
  const isSystem = found.class === "Denied" && found.status === undefined && /^E(?:[A-Z]+|RR_FILE_SYSTEM)$/.test(found.code);
  const said = await messageOf(error);
  const { message, hint: usual } = isSystem ? { message: said } : told({ ...found, error }, said, context);
  const hint = adviceOf(error) ?? usual;
  const retryAfterMs = retryAfterOf(error);
  return {
    class: found.class,
    code: found.code,
    message: withAnswer(oneLine(message), found),
    ...(found.registry !== undefined && { registry: found.registry }),
    ...(found.status !== undefined && { status: found.status }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(hint !== undefined && { hint }),
    exitCode: isSystem || isRefused ? EXIT_CODE.failure : BY_CLASS[found.class],
  };
}

/** How long a registry wants us to wait. The shape is looked at: it is not worth loading the client for. */
function retryAfterOf(error: unknown): number | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    if ("retryAfterMs" in at && typeof at.retryAfterMs === "number") return at.retryAfterMs;
  }
  return undefined;
}

/** Errors that are thrown on purpose: ours, and those of the system. All others are bugs. */
function isMeant(error: unknown): error is Error {
  return BerthError.is(error) || (error instanceof Error && "code" in error && typeof error.code === "string" && "syscall" in error);
}

/** A registry that was tried in two ways, and failed alike in both, is said to have failed once. */
async function messageOf(error: Error): Promise<string> {
  const tried = error.cause instanceof AggregateError ? error.cause.errors.map((one) => (one instanceof Error ? one.message : "")) : [];
  const [first] = tried;
  const message = first !== undefined && first !== "" && tried.every((one) => one === first) ? first : error.message;
  if (!/^E[A-Z0-9]+: /.test(message)) return message; // not worth loading what tells of the system
  const { systemMessage } = await import("@berth/oci/node");
  return systemMessage(message);
}

/** Says who said it, when the message does not. */
function withAnswer(message: string, { registry, status, code }: { registry?: string; status?: number; code: string }): string {
  if (registry === undefined || status === undefined || message.includes(` ${status}`)) return message;
  return `${message}: ${registry} answered ${status}${code.startsWith("ERR_") ? "" : ` ${code}`}`;
}
