import { BerthError, type BerthErrorOptions } from "@berth/oci";
import { outsideOfWork, systemReason } from "@berth/oci/node";
import { CLASS_BY_CODE } from "./error-classes.ts";

/** A file system takes no more, or no more of this user's. The code is that of the system: `ENOSPC` or `EDQUOT`. */
export class NoSpaceError extends BerthError {
  /** What was written to, by the name that it was given: not what something is called until it is whole. */
  readonly place: string;

  constructor(place: string, code: string, options?: BerthErrorOptions) {
    super(code, `Cannot write to "${place}": ${systemReason({ code })}`, options);
    this.place = place;
  }
}

/** Writes to a place. Of a full disk it is told which one that is; every other error is left alone. @throws {NoSpaceError} */
export async function writingTo<T>(place: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    throw fullAt(place, error);
  }
}

/** True for the error of a file system that takes no more. */
export function isNoSpace(error: unknown): boolean {
  return error instanceof Error && "code" in error && typeof error.code === "string" && CLASS_BY_CODE[error.code] === "NoSpace";
}

/** The error, or of a full disk one that names the place, unless it does that already. */
export function fullAt(place: string, error: unknown): unknown {
  if (error instanceof NoSpaceError || !(error instanceof Error) || !("code" in error) || typeof error.code !== "string") return error;
  return CLASS_BY_CODE[error.code] === "NoSpace" ? new NoSpaceError(outsideOfWork(place), error.code, { cause: error }) : error;
}
