import { BerthError } from "@berth/oci";

/** A transfer failed as often as it may be tried. `cause` is what made it fail the first time; `errors` has all, in order. */
export class TransferFailedError extends BerthError<"ERR_TRANSFER_FAILED"> {
  /** How often it was tried. */
  readonly attempts: number;
  readonly errors: readonly unknown[];

  constructor(errors: readonly unknown[]) {
    const last = errors.at(-1);
    const why = last instanceof Error ? last.message : String(last);
    super("ERR_TRANSFER_FAILED", `Cannot finish transfer after ${errors.length} attempts: ${why}`, { cause: errors[0] });
    this.attempts = errors.length;
    this.errors = errors;
  }
}
