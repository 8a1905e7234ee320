import { BerthError, type BerthErrorOptions } from "@berth/oci";

/** The ways to write a place, as errors and help name them. */
export const LOCATION_FORMS: readonly string[] = [
  "[docker://][HOST/]NAME[:TAG][@DIGEST]",
  "oci:FOLDER[:TAG|@DIGEST]",
  "oci-archive:FILE[:TAG|@DIGEST]",
  "docker-archive:FILE[:NAME:TAG]",
  "- (an archive on stdin or stdout)",
];

/** A text names no place to copy from or to. */
export class InvalidLocationError extends BerthError<"ERR_INVALID_LOCATION"> {
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

/** A place holds several images, or none, and nobody said which one is meant. */
export class AmbiguousLocationError extends BerthError<"ERR_AMBIGUOUS_LOCATION"> {
  /** The place, as text. */
  readonly location: string;
  /** The tags that there are; the first ones of many. */
  readonly tags: readonly string[];

  constructor(location: string, tags: readonly string[], options?: BerthErrorOptions) {
    const there = tags.length === 0 ? "it holds no tagged image" : `it holds ${tags.map((tag) => `"${tag}"`).join(", ")}`;
    super("ERR_AMBIGUOUS_LOCATION", `Cannot tell which image of "${location}" is meant: ${there}, name one behind a colon`, options);
    this.location = location;
    this.tags = tags;
  }
}
