import { errors } from "undici";

/** Answers before the answer (103 and the like) to one request, at most. */
const MAX_INTERIM = 100;

/** The failure of a request that is answered for ever and never to the end. */
export class InterimAnswersError extends Error {
  readonly code = "ERR_INTERIM_ANSWERS";

  constructor() {
    super(`it sent more than ${MAX_INTERIM} informational answers and no other`);
    this.name = "InterimAnswersError";
  }
}

/** Bounds what a server says before it answers. */
export interface InterimAnswers {
  /** One came. `since`: when the request had gone, as `performance.now()` has it; undefined: it is still on its way. */
  came(since: number | undefined): void;
  /** Ends the watch. */
  stop(): void;
}

/**
 * Makes the watch of one request, which calls `onTooMuch` when answers before the answer are too many, or go on for `timeoutMs` (0: no
 * limit) after the request: undici's own limit begins anew with each of them.
 */
export function interimAnswers(timeoutMs: number, onTooMuch: (error: Error) => void): InterimAnswers {
  let count = 0;
  let timer: NodeJS.Timeout | undefined;
  return {
    came(since) {
      count++;
      if (count > MAX_INTERIM) return onTooMuch(new InterimAnswersError());
      if (since === undefined || timeoutMs === 0 || timer !== undefined) return;
      const left = Math.max(0, since + timeoutMs - performance.now());
      timer = setTimeout(() => onTooMuch(new errors.HeadersTimeoutError()), left).unref(); // the connection keeps the process
    },
    stop: () => clearTimeout(timer),
  };
}
