import { execFile } from "node:child_process";
import type { CallOptions } from "@berth/oci";
import { type CredentialHelperAction, CredentialHelperError } from "./errors.ts";

/** Milliseconds that a helper may take. */
export const DEFAULT_HELPER_TIMEOUT_MS = 30_000;

/** Bytes that a helper may print. */
export const MAX_HELPER_OUTPUT_BYTES: number = 1 << 20;

/** Sees helpers start and end, never what goes in or comes out. */
export interface CredentialHelperTrace {
  /** `helper` is the name of the program: `docker-credential-pass`. */
  executeStart?(helper: string, action: CredentialHelperAction): void;
  /** `error` is what the caller gets; undefined on success and on "not found". */
  executeDone?(helper: string, action: CredentialHelperAction, error: unknown): void;
}

/** One run of a helper. */
export interface HelperRun extends CallOptions {
  /** `docker-credential-pass`. */
  readonly program: string;
  readonly action: CredentialHelperAction;
  /** Standard input, as it is. */
  readonly input: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds until it is killed. */
  readonly timeoutMs: number;
  /** What to do about a program that is not there. */
  readonly advice: string;
  /** Texts that must not show in errors. */
  readonly secrets: readonly string[];
}

/** What a helper said. */
export interface HelperOutput {
  /** What it printed: a credential, when it was asked for one. */
  readonly stdout: string;
  /** What it complained of; it may hold secrets. */
  readonly stderr: string;
  /** True when the helper ended with code 0. */
  readonly success: boolean;
}

/**
 * Runs a helper without a shell.
 *
 * @throws {CredentialHelperError} when it cannot be started, prints more than 1 MiB, or does not end in time.
 * @see docker-credential-helpers, "Development"
 */
export async function runHelper(run: HelperRun): Promise<HelperOutput> {
  const { program, action, input, env, timeoutMs, signal } = run;
  signal?.throwIfAborted();
  return await new Promise((resolve, reject) => {
    const options = {
      env: { ...env },
      timeout: timeoutMs,
      maxBuffer: MAX_HELPER_OUTPUT_BYTES,
      killSignal: "SIGKILL" as const,
      windowsHide: true,
      ...(signal && { signal }),
    };
    const child = execFile(program, [action], options, (error, stdout, stderr) => {
      if (signal?.aborted) return reject(signal.reason as Error);
      if (error === null || typeof error.code === "number") return resolve({ stdout, stderr, success: error === null });
      // Not passed on as a cause: Node's message holds what the helper printed.
      const said = error.killed === true ? complaint(stderr, run.secrets) : "";
      const reason = `${startFailure(error, run)}${said === "" ? "" : `; ${said}`}`;
      reject(new CredentialHelperError({ helper: program, action, reason }, { retryable: error.killed === true }));
    });
    child.stdin?.on("error", () => undefined); // EPIPE: it ended, or answers, without reading
    child.stdin?.end(input);
  });
}

/** What a helper printed, fit for a message: one line, short, without the secrets that it was given. */
export function helperReason(text: string, secrets: readonly string[] = []): string {
  const line = oneLine(text, secrets);
  return line.length <= MAX_SHOWN ? line : `${line.slice(0, MAX_SHOWN)}...`;
}

/** What a helper that failed printed on standard error: the end of it, where the reason stands. Empty: nothing. */
export function complaint(stderr: string, secrets: readonly string[] = []): string {
  const line = oneLine(stderr, secrets).replace(SECRET_VALUES, "$1<concealed>").replace(LONG_WORDS, "<concealed>");
  if (line === "") return "";
  return `it says on standard error: "${line.length <= MAX_SHOWN ? line : `...${line.slice(-MAX_SHOWN)}`}"`;
}

function oneLine(text: string, secrets: readonly string[]): string {
  const clean = secrets.filter((secret) => secret !== "").reduce((rest, secret) => rest.replaceAll(secret, "<concealed>"), text);
  return clean.replace(/[\p{Cc}\s]+/gu, " ").trim();
}

/** Characters of what a helper printed. */
const MAX_SHOWN = 300;
/** What stands behind words that announce a secret. */
const SECRET_VALUES =
  /((?:pass(?:word|wd|phrase)?|secret|token|key|credentials?)["']?\s*[:=]\s*(?:(?:bearer|basic)\s+)?|\b(?:bearer|basic)\s+)\S+/gi;
/** Words that may be secrets themselves; paths and addresses are not among them. */
const LONG_WORDS = /(?<![^\s"'=:])[A-Za-z0-9+=_-][A-Za-z0-9+/=_.-]{31,}/g;

function startFailure(error: { readonly code?: unknown; readonly killed?: boolean }, { timeoutMs, advice }: HelperRun): string {
  if (error.code === "ENOENT") return `it is not on the PATH: ${advice}`;
  if (error.code === "EACCES") return `it may not be executed: ${advice}`;
  if (error.code === "ERR_CHILD_PROCESS_STDIO_MAXBUFFER") return `it printed more than ${MAX_HELPER_OUTPUT_BYTES} bytes`;
  if (error.killed === true) return `it did not end within ${timeoutMs} ms`;
  return typeof error.code === "string" ? error.code : "a signal ended it";
}
