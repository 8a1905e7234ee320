import { BerthError, type BerthErrorOptions } from "@berth/oci";

/** The password file cannot be used, so nobody can be let in: an answer of 503. The path is not for clients to see. */
export class HtpasswdError extends BerthError<"ERR_HTPASSWD"> {
  readonly path: string;
  /** From 1; the line that cannot be read. */
  readonly line: number | undefined;

  constructor(path: string, reason: string, options: BerthErrorOptions & { readonly line?: number } = {}) {
    super("ERR_HTPASSWD", `Cannot use htpasswd file "${path}"${options.line === undefined ? "" : ` line ${options.line}`}: ${reason}`, {
      ...options,
      retryable: true,
    });
    this.path = path;
    this.line = options.line;
  }
}

/** More logins wait to be checked than we keep waiting: an answer of 429 or 503 with Retry-After. */
export class LoginBusyError extends BerthError<"ERR_LOGIN_BUSY"> {
  /** Milliseconds after which trying again makes sense. */
  readonly retryAfterMs: number;

  constructor(waiting: number) {
    super("ERR_LOGIN_BUSY", `Cannot check the password now: ${waiting} logins are waiting`, { retryable: true });
    this.retryAfterMs = 1000;
  }
}
