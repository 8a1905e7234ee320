import type { OciError } from "@berth/oci";

/** An error of an error body as go-containerregistry prints it: `CODE: message[; detail]`. */
export function formatDiagnostic(error: OciError): string {
  const detail = error.detail === undefined ? "" : `; ${typeof error.detail === "string" ? error.detail : JSON.stringify(error.detail)}`;
  return `${error.code}: ${error.message}${detail}`;
}

/** Several of them; empty without any. */
export function formatDiagnostics(errors: readonly OciError[]): string {
  const all = errors.map((error) => formatDiagnostic(error)).join("; ");
  return errors.length > 1 ? `multiple errors returned: ${all}` : all;
}
