import { BerthError } from "@berth/oci";

/** An error, and what helps in this place: a line that is shown instead of what is advised in general. Code and message are those of `cause`. */
export class AdvisedError extends BerthError {
  /** What to do next. */
  readonly advice: string;

  constructor(cause: Error, advice: string) {
    super(BerthError.is(cause) ? cause.code : "ERR_ADVISED", cause.message, { cause });
    this.advice = advice;
  }
}

/** The advice of an error or of what caused it. */
export function adviceOf(error: unknown): string | undefined {
  for (let at = error; at instanceof Error; at = at.cause) if (at instanceof AdvisedError) return at.advice;
  return undefined;
}
