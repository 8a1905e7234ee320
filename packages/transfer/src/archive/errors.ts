import { BerthError, type BerthErrorOptions } from "@berth/oci";

/** An archive is not what it claims to be: damaged, cut short, or made to mislead. */
export class InvalidArchiveError extends BerthError<"ERR_INVALID_ARCHIVE"> {
  constructor(reason: string, options?: BerthErrorOptions) {
    super("ERR_INVALID_ARCHIVE", `Cannot read archive: ${reason}`, options);
  }
}

/** A name fits several images, or none was given where there are several. */
export class AmbiguousReferenceError extends BerthError<"ERR_AMBIGUOUS_REFERENCE"> {
  /** Names and digests to choose from, the first few. */
  readonly choices: readonly string[];

  constructor(reference: string, choices: readonly string[], options?: BerthErrorOptions) {
    const shown = choices.slice(0, 10);
    const wanted = reference === "" ? "image without a name" : `"${clipName(reference)}"`;
    super(
      "ERR_AMBIGUOUS_REFERENCE",
      `Cannot resolve ${wanted}: choose one of ${shown.map((one) => `"${clipName(one)}"`).join(", ")}`,
      options,
    );
    this.choices = shown;
  }
}

/** The archive was finished or given up: nothing more can be written or read. */
export class ArchiveClosedError extends BerthError<"ERR_ARCHIVE_CLOSED"> {
  constructor(options?: BerthErrorOptions) {
    super("ERR_ARCHIVE_CLOSED", "Cannot use archive: it is closed", options);
  }
}

/** Keeps hostile names from flooding messages, and control characters from reaching a terminal. */
export function clipName(name: string): string {
  const plain = name.replace(/[\u0000-\u001f\u007f-\u009f]/g, "?");
  return plain.length <= 200 ? plain : `${plain.slice(0, 200)}...`;
}
