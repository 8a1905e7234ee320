/** One wire error code: what goes over HTTP when it happens. */
export interface ErrorCodeDescriptor {
  readonly code: OciErrorCode;
  /** HTTP status that the registry answers with. */
  readonly status: number;
  /** Default message of the error body. */
  readonly message: string;
  /** When it happens. */
  readonly description: string;
  /** `spec`: OCI distribution-spec; `reference`: added by the reference registry and known to its clients. */
  readonly source: "spec" | "reference";
}

/** The codes of the distribution-spec and those that the reference registry adds. */
export type OciErrorCode =
  | "BLOB_UNKNOWN"
  | "BLOB_UPLOAD_INVALID"
  | "BLOB_UPLOAD_UNKNOWN"
  | "DIGEST_INVALID"
  | "MANIFEST_BLOB_UNKNOWN"
  | "MANIFEST_INVALID"
  | "MANIFEST_UNKNOWN"
  | "NAME_INVALID"
  | "NAME_UNKNOWN"
  | "SIZE_INVALID"
  | "UNAUTHORIZED"
  | "DENIED"
  | "UNSUPPORTED"
  | "TOOMANYREQUESTS"
  | "UNKNOWN"
  | "UNAVAILABLE"
  | "RANGE_INVALID"
  | "TAG_INVALID"
  | "MANIFEST_UNVERIFIED"
  | "PAGINATION_NUMBER_INVALID";

const rows: readonly (readonly [OciErrorCode, number, string, ErrorCodeDescriptor["source"], string])[] = [
  [
    "UNKNOWN",
    500,
    "unknown error",
    "reference",
    "Something failed that has no code of its own; the server's log has the details under the request id",
  ],
  ["UNSUPPORTED", 405, "The operation is unsupported.", "spec", "The method or action is not offered, or switched off"],
  ["UNAUTHORIZED", 401, "authentication required", "spec", "Credentials are missing or wrong"],
  ["DENIED", 403, "requested access to the resource is denied", "spec", "The credentials do not allow the action"],
  ["UNAVAILABLE", 503, "service unavailable", "reference", "Storage, database or disk space is out of reach for now"],
  ["TOOMANYREQUESTS", 429, "too many requests", "spec", "A rate limit was reached; Retry-After says when to come back"],
  [
    "DIGEST_INVALID",
    400,
    "provided digest did not match uploaded content",
    "spec",
    "A digest is malformed, of an unsupported algorithm, or not that of the content",
  ],
  [
    "SIZE_INVALID",
    400,
    "provided length did not match content length",
    "spec",
    "Content is shorter, longer or larger than announced or allowed",
  ],
  ["RANGE_INVALID", 416, "invalid content range", "reference", "A chunk does not continue where the upload stands"],
  ["NAME_INVALID", 400, "invalid repository name", "spec", "A repository name breaks the grammar or is over 255 characters"],
  ["TAG_INVALID", 400, "manifest tag did not match URI", "reference", "A tag breaks the grammar"],
  ["NAME_UNKNOWN", 404, "repository name not known to registry", "spec", "The repository does not exist"],
  ["MANIFEST_UNKNOWN", 404, "manifest unknown", "spec", "No manifest has that tag or digest in the repository"],
  ["MANIFEST_INVALID", 400, "manifest invalid", "spec", "A manifest is not what its media type demands"],
  ["MANIFEST_UNVERIFIED", 400, "manifest failed signature verification", "reference", "The signature of a schema 1 manifest does not hold"],
  [
    "MANIFEST_BLOB_UNKNOWN",
    400,
    "blob unknown to registry",
    "spec",
    "A manifest names a blob or manifest that the repository does not hold",
  ],
  ["BLOB_UNKNOWN", 404, "blob unknown to registry", "spec", "The repository does not hold the blob"],
  ["BLOB_UPLOAD_UNKNOWN", 404, "blob upload unknown to registry", "spec", "The upload session does not exist, is over, or has expired"],
  ["BLOB_UPLOAD_INVALID", 404, "blob upload invalid", "spec", "The upload session cannot go on"],
  [
    "PAGINATION_NUMBER_INVALID",
    400,
    "invalid number of results requested",
    "reference",
    "The page size is negative, not a number, or over the limit",
  ],
];

/** Every wire error code, in one table that server, client, docs and tests share. */
export const ERROR_CODES: ReadonlyMap<OciErrorCode, ErrorCodeDescriptor> = new Map(
  rows.map(([code, status, message, source, description]) => [code, { code, status, message, description, source }]),
);

/** One entry of an error body. Codes of other registries are kept as they came. */
export interface OciError {
  readonly code: OciErrorCode | (string & {});
  readonly message: string;
  /** As it came, in no form that the specification knows; absent when the body had none. */
  readonly detail?: unknown;
}

/** The row of a code; unknown codes give the `UNKNOWN` row. */
export function errorCodeDescriptor(code: string): ErrorCodeDescriptor {
  const row = ERROR_CODES.get(code as OciErrorCode) ?? ERROR_CODES.get("UNKNOWN");
  if (row === undefined) throw new TypeError("the error table has no UNKNOWN row");
  return row;
}
