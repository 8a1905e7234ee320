import { BerthError, type BerthErrorOptions } from "@berth/oci";

/** What is on disk cannot go into an archive: a socket, a device, a name that leads out of it, a file that changed while it was read. */
export class UnpackableFileError extends BerthError<"ERR_UNPACKABLE_FILE"> {
  /** As it was given, or as it stands below what was given. */
  readonly path: string;

  constructor(path: string, reason: string, options?: BerthErrorOptions) {
    super("ERR_UNPACKABLE_FILE", `Cannot pack "${path}": ${reason}`, options);
    this.path = path;
  }
}
