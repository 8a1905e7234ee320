import { BerthError, type BerthErrorOptions, type ByteSource } from "@berth/oci";
import { printable } from "../image/errors.ts";

/** An archive is not what it claims to be: damaged, cut short, or made to mislead. */
export class InvalidArchiveError extends BerthError<"ERR_INVALID_ARCHIVE"> {
  /** What is wrong with it, in a few words. */
  readonly reason: string;
  /** As it was given; undefined for a stream, and for what shows when content is read. */
  readonly path: string | undefined;

  constructor(reason: string, { path, ...options }: BerthErrorOptions & { readonly path?: string } = {}) {
    super("ERR_INVALID_ARCHIVE", `Cannot read archive${path === undefined ? "" : ` "${printable(path)}"`}: ${reason}`, options);
    this.reason = reason;
    this.path = path;
  }
}

/** Opens an archive; an error about what it holds gets its name. */
export async function naming<T>(from: string | ByteSource, open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    if (typeof from !== "string" || !(error instanceof InvalidArchiveError)) throw error;
    throw new InvalidArchiveError(error.reason, { path: from, cause: error.cause });
  }
}

/** The archive was finished or given up: nothing more can be written or read. */
export class ArchiveClosedError extends BerthError<"ERR_ARCHIVE_CLOSED"> {
  constructor(options?: BerthErrorOptions) {
    super("ERR_ARCHIVE_CLOSED", "Cannot use archive: it is closed", options);
  }
}

/** Another process put a file into the place of an archive while this one was written. What it put there stays. */
export class ArchiveChangedError extends BerthError<"ERR_ARCHIVE_CHANGED"> {
  /** As it was given. */
  readonly path: string;

  constructor(path: string, options?: BerthErrorOptions) {
    super("ERR_ARCHIVE_CHANGED", `Cannot write archive "${path}": another process wrote it meanwhile; write to a file of its own`, options);
    this.path = path;
  }
}

/** A docker archive holds images of one platform each, and was given something else. */
export class NotAnImageError extends BerthError<"ERR_NOT_AN_IMAGE"> {
  readonly mediaType: string;
  /** Whether it belongs to an artifact. */
  readonly isArtifact: boolean;

  constructor(
    mediaType: string,
    reason: string,
    { isArtifact = false, ...options }: BerthErrorOptions & { readonly isArtifact?: boolean } = {},
  ) {
    super("ERR_NOT_AN_IMAGE", `Cannot write "${mediaType.slice(0, 255)}" to a docker archive: ${reason}`, options);
    this.mediaType = mediaType;
    this.isArtifact = isArtifact;
  }
}
