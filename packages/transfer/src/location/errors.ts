import { BerthError, type BerthErrorOptions } from "@berth/oci";

/** The ways to write a place, as errors and help name them. */
export const LOCATION_FORMS: readonly string[] = [
  "[docker://][HOST/]NAME[:TAG][@DIGEST]",
  "oci:FOLDER[:TAG|@DIGEST]",
  "oci-archive:FILE[:TAG|@DIGEST]",
  "docker-archive:FILE[:NAME:TAG|@DIGEST]",
  "- (an archive on stdin or stdout)",
];

/** A text names no place to copy from or to. */
export class InvalidLocationError extends BerthError<"ERR_INVALID_LOCATION"> {
  /** The text, whole; the message may show only its start. */
  readonly input: string;
  /** Why, in a few words. */
  readonly reason: string;

  constructor(input: string, reason: string, options?: BerthErrorOptions) {
    const shown = input.length <= 300 ? input : `${input.slice(0, 300)}...`;
    super("ERR_INVALID_LOCATION", `Cannot use "${shown}": ${reason}, expected one of: ${LOCATION_FORMS.join(", ")}`, options);
    this.input = input;
    this.reason = reason;
  }
}
