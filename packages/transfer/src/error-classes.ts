/**
 * What an error means to who asked for something to be done. `InvalidInput`: what was asked for is malformed; `Protocol`: the other side
 * does not keep to the rules; `Failed`: none of the others.
 *
 * @see docker, errdefs; containerd, errdefs
 */
export type ErrorClass =
  | "Canceled"
  | "Conflict"
  | "Denied"
  | "DigestMismatch"
  | "Failed"
  | "InvalidInput"
  | "InvalidManifest"
  | "LimitExceeded"
  | "NoMatchingPlatform"
  | "NoSpace"
  | "NotFound"
  | "Protocol"
  | "RateLimited"
  | "RootfsMismatch"
  | "Unauthorized"
  | "Unavailable"
  | "Unsupported"
  | "UnsupportedManifest";

/** By the code of the error. */
export const CLASS_BY_CODE: Readonly<Record<string, ErrorClass>> = {
  ABORT_ERR: "Canceled",
  EACCES: "Denied",
  EAI_AGAIN: "Unavailable",
  ECONNREFUSED: "Unavailable",
  ECONNRESET: "Unavailable",
  EDQUOT: "NoSpace",
  EEXIST: "Conflict",
  EHOSTUNREACH: "Unavailable",
  EISDIR: "InvalidInput",
  EMFILE: "Unavailable",
  ENETUNREACH: "Unavailable",
  ENFILE: "Unavailable",
  ENOENT: "NotFound",
  ENOSPC: "NoSpace",
  ENOTDIR: "InvalidInput",
  ENOTFOUND: "Unavailable",
  EPERM: "Denied",
  EPIPE: "Unavailable",
  EROFS: "Denied",
  ERR_ACCESS_DENIED: "Denied",
  ERR_AMBIGUOUS_NAME: "InvalidInput",
  ERR_ARCHIVE_CHANGED: "Conflict",
  ERR_ARCHIVE_CLOSED: "Failed",
  ERR_AUTH: "Unauthorized",
  ERR_BASE_MISMATCH: "Conflict",
  ERR_CERTIFICATES: "InvalidInput",
  ERR_CREDENTIAL_FILE: "Unauthorized",
  ERR_CREDENTIAL_HELPER: "Unauthorized",
  ERR_DIGEST_MISMATCH: "DigestMismatch",
  ERR_DUPLICATE_TITLE: "InvalidManifest",
  ERR_EXTERNAL_LAYER: "NotFound",
  ERR_FILE_EXISTS: "Conflict",
  ERR_FOLDER_NOT_EMPTY: "Conflict",
  ERR_IMAGE_PATH_IS_FOLDER: "InvalidInput",
  ERR_IMAGE_PATH_LOOP: "InvalidInput",
  ERR_IMAGE_PATH_NOT_FILE: "InvalidInput",
  ERR_IMAGE_PATH_NOT_FOUND: "NotFound",
  ERR_INDEX_ENTRY_UNKNOWN: "NotFound",
  ERR_INVALID_ARCHIVE: "InvalidManifest",
  ERR_INVALID_CREDENTIAL: "Unauthorized",
  ERR_INVALID_DIGEST: "InvalidInput",
  ERR_INVALID_IMAGE_CONFIG: "InvalidManifest",
  ERR_INVALID_LAYER: "InvalidManifest",
  ERR_INVALID_LAYOUT: "InvalidManifest",
  ERR_INVALID_LINK: "Protocol",
  ERR_INVALID_LOCATION: "InvalidInput",
  ERR_INVALID_MANIFEST: "InvalidManifest",
  ERR_INVALID_PACK: "InvalidInput",
  ERR_INVALID_PACK_INPUT: "InvalidInput",
  ERR_INVALID_REFERENCE: "InvalidInput",
  ERR_LAYOUT_BUSY: "Conflict",
  ERR_LAYOUT_NOT_FOUND: "NotFound",
  ERR_LIMIT_EXCEEDED: "LimitExceeded",
  ERR_MANIFEST_BLOB_UNKNOWN: "InvalidManifest",
  ERR_MANIFEST_UNVERIFIED: "InvalidManifest",
  ERR_MANIFEST_VERIFICATION: "InvalidManifest",
  ERR_MOUNT_CONTENT: "Unavailable",
  ERR_NETWORK: "Unavailable",
  ERR_NOT_AN_IMAGE: "UnsupportedManifest",
  ERR_NOT_FOUND: "NotFound",
  ERR_NO_MATCHING_PLATFORM: "NoMatchingPlatform",
  ERR_PLAINTEXT_PUT: "Unauthorized",
  ERR_PROTOCOL: "Protocol",
  ERR_RATE_LIMITED: "RateLimited",
  ERR_ROOTFS_MISMATCH: "RootfsMismatch",
  ERR_SCHEMA_V1_UNSUPPORTED: "UnsupportedManifest",
  ERR_SIZE_MISMATCH: "DigestMismatch",
  ERR_SPARSE_INDEX: "NotFound",
  ERR_TAG_EXISTS: "Conflict",
  ERR_UNPACKABLE_FILE: "InvalidInput",
  ERR_UNREPLAYABLE_BODY: "Unavailable",
  ERR_UNSAFE_ENTRY: "InvalidManifest",
  ERR_UNSAFE_TITLE: "InvalidManifest",
  ERR_UNSUPPORTED: "Unsupported",
  ETIMEDOUT: "Unavailable",
};

/** By the code of a registry. @see OCI distribution-spec, "Error Codes" */
export const CLASS_BY_OCI_CODE: Readonly<Record<string, ErrorClass>> = {
  BLOB_UNKNOWN: "NotFound",
  BLOB_UPLOAD_INVALID: "Protocol",
  BLOB_UPLOAD_UNKNOWN: "NotFound",
  DENIED: "Denied",
  DIGEST_INVALID: "DigestMismatch",
  MANIFEST_BLOB_UNKNOWN: "InvalidManifest",
  MANIFEST_INVALID: "InvalidManifest",
  MANIFEST_UNKNOWN: "NotFound",
  MANIFEST_UNVERIFIED: "InvalidManifest",
  NAME_INVALID: "InvalidInput",
  NAME_UNKNOWN: "NotFound",
  SIZE_INVALID: "DigestMismatch",
  TAG_INVALID: "InvalidInput",
  TOOMANYREQUESTS: "RateLimited",
  UNAUTHORIZED: "Unauthorized",
  UNAVAILABLE: "Unavailable",
  UNSUPPORTED: "Unsupported",
};

/** By the status of an answer that says no more. */
export const CLASS_BY_STATUS: Readonly<Record<number, ErrorClass>> = {
  401: "Unauthorized",
  403: "Denied",
  404: "NotFound",
  405: "Unsupported",
  406: "UnsupportedManifest",
  407: "Unavailable",
  408: "Unavailable",
  409: "Conflict",
  410: "NotFound",
  412: "Conflict",
  413: "LimitExceeded",
  415: "UnsupportedManifest",
  423: "Conflict",
  429: "RateLimited",
  507: "NoSpace",
};
