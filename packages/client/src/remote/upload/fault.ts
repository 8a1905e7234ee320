import { BerthError, NotFoundError } from "@berth/oci";
import { hasErrorCode, NetworkError, ProtocolError, ResponseError } from "../../errors.ts";
import { headerValue } from "../../transport/transport.ts";

/**
 * What a failed request of an upload means: `interrupted`: go on from where the registry is; `lost`: the upload is gone, another one may
 * do; `damaged`: the registry holds other bytes than we sent; `too-large`: a smaller body may pass; `fatal`: nothing helps.
 */
export type UploadFault = "interrupted" | "lost" | "damaged" | "too-large" | "fatal";

const PASSING: ReadonlySet<number> = new Set([408, 409, 416, 423, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524]);

/** The registry contradicts itself about an upload, so that it cannot be gone on with. */
export class UploadBrokenError extends ProtocolError {}

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
