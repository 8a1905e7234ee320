import { ERROR_CODES, errorCodeDescriptor, type OciError, type OciErrorCode } from "./error-codes.ts";

/** Bytes of an error body that are looked at, unless told otherwise. */
export const DEFAULT_MAX_ERROR_BODY = 65_536;

/** Errors of one body, at most; the rest is dropped. */
export const MAX_ERRORS = 1000;

/** `Content-Type` of error bodies. */
export const ERROR_BODY_CONTENT_TYPE = "application/json; charset=utf-8";

/** Makes a wire error; the message defaults to that of the code. */
export function ociError(code: OciError["code"], options: { readonly message?: string; readonly detail?: unknown } = {}): OciError {
  const message = options.message ?? errorCodeDescriptor(code).message;
  return options.detail === undefined ? { code, message } : { code, message, detail: options.detail };
}

/** The same error with another message. */
export function withMessage(error: OciError, message: string): OciError {
  return { ...error, message };
}

/** The same error with another detail. */
export function withDetail(error: OciError, detail: unknown): OciError {
  return { ...error, detail };
}

/** The same error, each `%s` of its message replaced by the next argument. */
export function withArgs(error: OciError, ...args: readonly unknown[]): OciError {
  let next = 0;
  return { ...error, message: error.message.replace(/%s/g, (hole) => (next < args.length ? String(args[next++]) : hole)) };
}

/** An error code as people read it: `manifest unknown` for `MANIFEST_UNKNOWN`. */
export function errorCodeText(code: string): string {
  return code.toLowerCase().replaceAll("_", " ");
}

/** One error in one line: code and message. */
export function errorText(error: OciError): string {
  return `${errorCodeText(error.code)}: ${error.message}`;
}

/** HTTP status of an answer with these errors: that of the first; 500 without any. */
export function errorStatus(errors: readonly OciError[]): number {
  return errorCodeDescriptor(errors[0]?.code ?? "UNKNOWN").status;
}

/** Writes an error body, with the newline that the reference implementation ends it with. */
export function formatErrorBody(errors: readonly OciError[]): string {
  return `${JSON.stringify({ errors: errors.map(({ code, message, detail }) => ({ code, message, detail })) })}\n`;
}

/**
 * Reads an error body of any registry. Codes are kept as they came; an error without a message gets that of its code. Anything
 * that is no error body, or longer than `limit` bytes, gives no errors: proxies answer with HTML.
 */
export function parseErrorBody(bytes: Uint8Array, limit: number = DEFAULT_MAX_ERROR_BODY): readonly OciError[] {
  if (bytes.byteLength > limit) return [];
  const body = parseJson(new TextDecoder().decode(bytes));
  const errors: unknown = typeof body === "object" && body !== null && "errors" in body ? body.errors : undefined;
  return Array.isArray(errors) ? errors.slice(0, MAX_ERRORS).flatMap(readError) : [];
}

function readError(value: unknown): readonly OciError[] {
  if (typeof value === "string") return value === "" ? [] : [ociError(value)]; // a bare code
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [];
  const code = "code" in value && typeof value.code === "string" && value.code !== "" ? value.code : "UNKNOWN";
  const message = "message" in value && typeof value.message === "string" && value.message !== "" ? value.message : undefined;
  const detail: unknown = "detail" in value && value.detail !== null ? value.detail : undefined;
  return [ociError(code, { ...(message !== undefined && { message }), detail })];
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // not JSON: no errors to find
  }
}

/** True for a code of {@link ERROR_CODES}. */
export function isOciErrorCode(code: string): code is OciErrorCode {
  return (ERROR_CODES as ReadonlyMap<string, unknown>).has(code);
}
