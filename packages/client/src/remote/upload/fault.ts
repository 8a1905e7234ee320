import { BerthError, BlobUploadUnknownError, NotFoundError } from "@berth/oci";
import { hasErrorCode, NetworkError, ProtocolError, ResponseError } from "../../errors.ts";
import { reasonOf } from "../../transport/network-error.ts";
import { headerValue } from "../../transport/transport.ts";

/**
 * What a failed request of an upload means: `interrupted`: go on from where the registry is; `lost`: the upload is gone, another one may
 * do; `damaged`: the registry holds other bytes than we sent; `too-large`: a smaller body may pass; `fatal`: nothing helps.
 */
export type UploadFault = "interrupted" | "lost" | "damaged" | "too-large" | "fatal";

const PASSING: ReadonlySet<number> = new Set([408, 409, 416, 423, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524]);

/** The registry contradicts itself about an upload, so that it cannot be gone on with. */
export class UploadBrokenError extends ProtocolError {}

/** An upload broke off, and the registry does not know it any more: the first of it is what has to be mended. */
export class ForgottenUploadError extends BlobUploadUnknownError {
  /**
   * @param lost what was found out when the upload should go on.
   * @param interruption what it had broken off with.
   */
  constructor({ id, cause }: BlobUploadUnknownError, interruption: unknown) {
    super(id, { cause });
    const since = cause instanceof ResponseError ? `: ${reasonOf(cause)}` : "";
    const first = `Cannot push blob: the upload broke off (${reasonOf(interruption)}), and the registry has forgotten it since${since}`;
    this.message = `${first}; push it again, and if that goes on, look into the registry's log and at proxies in front of it`;
    Error.captureStackTrace(this, new.target); // which repeats the message
  }
}

/** Tells what an error of a request to an upload means. */
export function uploadFault(error: unknown): UploadFault {
  if (error instanceof NetworkError) return "interrupted";
  if (error instanceof NotFoundError || error instanceof UploadBrokenError) return "lost";
  if (!(error instanceof ResponseError)) return "fatal";
  const { status } = error;
  if (BerthError.is(error) && error.code === "ERR_RATE_LIMITED") return "fatal"; // it wants us to wait longer than we are willing to
  if (status === 404 || status === 410 || hasErrorCode(error, "BLOB_UPLOAD_UNKNOWN")) return "lost";
  if (hasErrorCode(error, "DIGEST_INVALID")) return "damaged";
  if (status === 413) return "too-large";
  if (PASSING.has(status) || saysWhere(error)) return "interrupted";
  return "fatal";
}

/** True for a refusal that names where the upload stands, whatever its status. */
export function saysWhere({ status, headers }: ResponseError): boolean {
  if (status < 400 || status > 499 || status === 401 || status === 403) return false;
  return headerValue(headers, "location") !== undefined && headerValue(headers, "range") !== undefined;
}
