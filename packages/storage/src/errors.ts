import { BerthError, type BerthErrorOptions } from "@berth/oci";

/** What every driver error carries. `path` is a storage key: never show it to a registry client. */
export interface DriverErrorFields extends BerthErrorOptions {
  /** Name of the driver: `filesystem`. */
  readonly driver: string;
  readonly path: string;
}

/** A driver call failed. */
export class DriverError<Code extends string = string> extends BerthError<Code | "ERR_STORAGE"> {
  /** Name of the driver: `filesystem`. */
  readonly driver: string;
  readonly path: string;

  constructor(message: string, fields: DriverErrorFields, code?: Code) {
    super(code ?? "ERR_STORAGE", `${fields.driver}: ${message}`, fields);
    this.driver = fields.driver;
    this.path = fields.path;
  }
}

/** Nothing is at the path. */
export class PathNotFoundError extends DriverError<"ERR_PATH_NOT_FOUND"> {
  constructor(fields: DriverErrorFields) {
    super(`Cannot find path "${fields.path}"`, fields, "ERR_PATH_NOT_FOUND");
  }
}

/** The path breaks the rules for keys. */
export class InvalidPathError extends DriverError<"ERR_INVALID_PATH"> {
  constructor(fields: DriverErrorFields) {
    super(`Cannot use path "${fields.path}": expected one or more of /[A-Za-z0-9._-]+`, fields, "ERR_INVALID_PATH");
  }
}

/** A read or write was to start where the file has no byte. */
export class InvalidOffsetError extends DriverError<"ERR_INVALID_OFFSET"> {
  /** Bytes. */
  readonly offset: number;

  constructor(fields: DriverErrorFields & { readonly offset: number }) {
    super(`Cannot use offset ${fields.offset} of path "${fields.path}"`, fields, "ERR_INVALID_OFFSET");
    this.offset = fields.offset;
  }
}

/** The driver cannot do this at all. */
export class UnsupportedOperationError extends DriverError<"ERR_UNSUPPORTED_OPERATION"> {
  constructor(operation: string, fields: DriverErrorFields) {
    super(`Cannot ${operation}: unsupported by this driver`, fields, "ERR_UNSUPPORTED_OPERATION");
  }
}

/** The store has no room, or is out of reach for now: the same call may succeed later. */
export class StorageUnavailableError extends DriverError<"ERR_STORAGE_UNAVAILABLE"> {
  constructor(reason: string, fields: DriverErrorFields) {
    super(`Cannot reach storage: ${reason}`, { ...fields, retryable: true }, "ERR_STORAGE_UNAVAILABLE");
  }
}

/** The store asks us to slow down. */
export class StorageThrottledError extends DriverError<"ERR_STORAGE_THROTTLED"> {
  /** Milliseconds to wait, when the store says. */
  readonly retryAfterMs: number | undefined;

  constructor(fields: DriverErrorFields & { readonly retryAfterMs?: number }) {
    super("Cannot go on: the store asks to slow down", { ...fields, retryable: true }, "ERR_STORAGE_THROTTLED");
    this.retryAfterMs = fields.retryAfterMs;
  }
}
