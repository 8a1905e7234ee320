import { BerthError, type BerthErrorOptions, type Descriptor } from "@berth/oci";
import type { ReferrersCapability } from "./referrers.ts";

/** Whether a registry has the referrers API was known already, and differently. */
export class ReferrersCapabilityError extends BerthError<"ERR_REFERRERS_CAPABILITY"> {
  readonly current: ReferrersCapability;
  readonly wanted: ReferrersCapability;

  constructor({ current, wanted }: { readonly current: ReferrersCapability; readonly wanted: ReferrersCapability }) {
    super("ERR_REFERRERS_CAPABILITY", `Cannot set referrers capability to "${wanted}": it is "${current}" already`);
    this.current = current;
    this.wanted = wanted;
  }
}

/** The index that lists the referrers of `subject` cannot be kept: its tag holds something else, or others write it all the time. */
export class ReferrersIndexError extends BerthError<"ERR_REFERRERS_INDEX"> {
  readonly subject: Descriptor;

  constructor(subject: Descriptor, reason: string, options?: BerthErrorOptions) {
    super("ERR_REFERRERS_INDEX", `Cannot update the referrers index of "${subject.digest}": ${reason}`, options);
    this.subject = subject;
  }
}

/** What failed about the referrers of a manifest. */
export type ReferrersOperation = "delete-index";

/**
 * The index that lists the referrers of `subject` was replaced, but the old one could not be deleted; `cause` says why. What was pushed
 * is stored and listed: callers that do not mind the left-over may go on.
 */
export class ReferrersError extends BerthError<"ERR_REFERRERS"> {
  readonly operation: ReferrersOperation;
  readonly subject: Descriptor;

  constructor(operation: ReferrersOperation, subject: Descriptor, options: BerthErrorOptions) {
    super("ERR_REFERRERS", `Cannot delete the old referrers index of "${subject.digest}": ${reasonOf(options.cause)}`, options);
    this.operation = operation;
    this.subject = subject;
  }

  /** True when only the deletion of the old index failed. */
  get isIndexDelete(): boolean {
    return this.operation === "delete-index";
  }
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : "unknown reason";
}
