import { BerthError, type BerthErrorOptions } from "@berth/oci";
import { printable } from "../image/errors.ts";

/** The title of content cannot be the name of a file below the folder: it leads out of it, or something stands in its way. */
export class UnsafeTitleError extends BerthError<"ERR_UNSAFE_TITLE"> {
  readonly title: string;

  constructor(title: string, reason: string, options?: BerthErrorOptions) {
    super("ERR_UNSAFE_TITLE", `Cannot use file name "${printable(title)}": ${reason}`, options);
    this.title = title;
  }
}

/** Two contents have the same title. */
export class DuplicateTitleError extends BerthError<"ERR_DUPLICATE_TITLE"> {
  readonly title: string;

  constructor(title: string, options?: BerthErrorOptions) {
    super("ERR_DUPLICATE_TITLE", `Cannot use the name "${printable(title)}" twice: other content has it`, options);
    this.title = title;
  }
}

/** A file is there already and is to be kept. */
export class FileExistsError extends BerthError<"ERR_FILE_EXISTS"> {
  readonly title: string;

  constructor(title: string, options?: BerthErrorOptions) {
    super("ERR_FILE_EXISTS", `Cannot write file "${printable(title)}": it is there already, and old files are kept`, options);
    this.title = title;
  }
}
