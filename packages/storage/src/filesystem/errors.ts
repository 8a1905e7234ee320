import { BerthError } from "@berth/oci";
import { DriverError, PathNotFoundError, StorageUnavailableError } from "../errors.ts";

/** Name of the driver in config, errors and metrics. */
export const FILESYSTEM = "filesystem";

const UNAVAILABLE: Readonly<Record<string, string>> = {
  ENOSPC: "no space left",
  EDQUOT: "quota used up",
  EROFS: "read-only file system",
  EMFILE: "too many open files in this process",
  ENFILE: "too many open files on this machine",
};

/** The name of a system error, such as `ENOENT`, or "" when it is none. */
export function errorName(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}

/** Turns what the operating system threw into an error of the driver; those already are left alone. */
export function driverError(error: unknown, path: string): unknown {
  if (BerthError.is(error)) return error;
  const fields = { driver: FILESYSTEM, path, cause: error };
  const name = errorName(error);
  if (name === "ENOENT" || name === "ENOTDIR") return new PathNotFoundError(fields);
  const reason = UNAVAILABLE[name];
  if (reason !== undefined) return new StorageUnavailableError(reason, fields);
  if (name === "") return error;
  return new DriverError(`Cannot use path "${path}": ${name}`, fields);
}

/** As {@link driverError} for a call that creates its path: a parent that is a file is then no missing path. */
export function writeError(error: unknown, path: string): unknown {
  if (errorName(error) !== "ENOTDIR") return driverError(error, path);
  return new DriverError(`Cannot write path "${path}": a parent is a file`, { driver: FILESYSTEM, path, cause: error });
}
