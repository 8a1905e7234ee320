import { BerthError, type BerthErrorOptions, type OciErrorCode } from "@berth/oci";

/** A rule of the registry refuses the request; carries the wire code and the detail that clients see. */
export class RegistryError extends BerthError<"ERR_REGISTRY"> {
  readonly wireCode: OciErrorCode;
  /** Goes to clients as it is: no path, no secret. */
  readonly detail: unknown;

  constructor(wireCode: OciErrorCode, message: string, options: BerthErrorOptions & { readonly detail?: unknown } = {}) {
    super("ERR_REGISTRY", message, options);
    this.wireCode = wireCode;
    this.detail = options.detail;
  }
}

/** A chunk does not continue where the upload stands, or another writer is at work on it. */
export class UploadRangeError extends BerthError<"ERR_UPLOAD_RANGE"> {
  /** The session's id. */
  readonly uploadId: string;
  /** Bytes that the session holds: where the next chunk must start. */
  readonly offset: number;

  constructor(uploadId: string, offset: number, reason: string) {
    super("ERR_UPLOAD_RANGE", `Cannot append to upload: ${reason}`);
    this.uploadId = uploadId;
    this.offset = offset;
  }
}
