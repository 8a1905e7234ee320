import { BerthError, type BerthErrorOptions, withoutUserinfo } from "@berth/oci";

/** The ways to write a place, as errors and help name them. */
export const LOCATION_FORMS: readonly string[] = [
  "[docker://][HOST/]NAME[:TAG][@DIGEST]",
  "oci:FOLDER[:TAG][@DIGEST]",
  "oci-archive:FILE[:TAG][@DIGEST]",
  "docker-archive:FILE[:NAME:TAG][@DIGEST]",
  "- (an archive on stdin or stdout)",
];

/** Options of {@link InvalidLocationError}. */
export interface InvalidLocationErrorOptions extends BerthErrorOptions {
  /** What the message says is expected; default {@link LOCATION_FORMS}. None: the form is not what is wrong. */
  readonly forms?: readonly string[];
}

/** A text names no place to copy from or to, or one that does not fit what is to be done. */
export class InvalidLocationError extends BerthError<"ERR_INVALID_LOCATION"> {
  /** The text, without a password that was pasted with it; the message may show only its start. */
  readonly input: string;
  /** Why, in a few words. */
  readonly reason: string;

  constructor(input: string, reason: string, { forms = LOCATION_FORMS, ...options }: InvalidLocationErrorOptions = {}) {
    const named = withoutUserinfo(input);
    const shown = named.length <= 300 ? named : `${named.slice(0, 300)}...`;
    const expected = forms.length === 0 ? "" : `, expected one of: ${forms.join(", ")}`;
    super("ERR_INVALID_LOCATION", `Cannot use "${shown}": ${reason}${expected}`, options);
    this.input = named;
    this.reason = reason;
  }
}
