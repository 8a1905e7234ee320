import type { OciError } from "@berth/oci";

const TEMPORARY_CODES: ReadonlySet<string> = new Set(["BLOB_UPLOAD_INVALID", "TOOMANYREQUESTS", "UNAVAILABLE", "UNKNOWN"]);
const TEMPORARY_STATUSES: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);

/**
 * Whether the same request may succeed a little later. With errors in the body, all of them must be passing ones; without any, the status
 * decides. The counterpart of `Temporary()` of go-containerregistry's `transport.Error`.
 */
export function isTemporary(status: number, errors: readonly OciError[]): boolean {
  return errors.length > 0 ? errors.every(({ code }) => TEMPORARY_CODES.has(code)) : TEMPORARY_STATUSES.has(status);
}
