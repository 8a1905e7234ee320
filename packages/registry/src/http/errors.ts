import {
  DigestMismatchError,
  InvalidDigestError,
  InvalidManifestError,
  InvalidReferenceError,
  LimitExceededError,
  ManifestBlobUnknownError,
  ManifestVerificationError,
  NotFoundError,
  type OciError,
  type OciErrorCode,
  SizeMismatchError,
  UnsupportedError,
  errorCodeDescriptor,
  formatUploadRange,
} from "@berth/oci";
import { StorageThrottledError, StorageUnavailableError } from "@berth/storage";
import { AuthUnavailableError, ChallengeError } from "../auth/authorizer.ts";
import { RegistryError, UploadRangeError } from "../domain/errors.ts";
import { MetadataUnavailableError } from "../metadata/errors.ts";
import type { HeaderList } from "./exchange.ts";

/** A request that the HTTP side refuses by itself. */
export class HttpError extends RegistryError {
  /** HTTP status; by default that of the code. */
  readonly status: number;
  readonly headers: HeaderList;

  constructor(
    wireCode: OciErrorCode,
    message: string,
    options: { readonly status?: number; readonly detail?: unknown; readonly headers?: HeaderList } = {},
  ) {
    super(wireCode, message, { detail: options.detail });
    this.status = options.status ?? errorCodeDescriptor(wireCode).status;
    this.headers = options.headers ?? [];
  }
}

/** How an error goes over the wire. */
export interface ErrorReply {
  /** HTTP status. */
  readonly status: number;
  readonly errors: readonly OciError[];
  readonly headers: HeaderList;
  /** True when the fault is ours: worth an error line with the stack. */
  readonly internal: boolean;
}

/** What the reply needs to know of the request. */
export interface ErrorScene {
  readonly repository: string;
  /** The address of an upload session of this repository. */
  readonly uploadLocation: (id: string) => string;
}

const RETRY_AFTER_SECONDS = 5;

/** Characters of the client's own words that an answer repeats: more than any digest has. */
const MAX_ECHO = 256;

/** The one place that turns any thrown value into a status, a body and headers. Nothing internal gets through. */
export function toErrorReply(error: unknown, scene: ErrorScene): ErrorReply {
  if (error instanceof HttpError) return reply(error.wireCode, error.detail, { status: error.status, headers: error.headers });
  if (error instanceof RegistryError)
    return reply(error.wireCode, error.detail, {
      headers: error.wireCode === "TOOMANYREQUESTS" || error.wireCode === "UNAVAILABLE" ? ["Retry-After", RETRY_AFTER_SECONDS] : [],
    });
  if (error instanceof NotFoundError) return notFound(error, scene.repository);
  if (error instanceof ManifestVerificationError)
    return { ...reply("MANIFEST_BLOB_UNKNOWN"), errors: error.errors.flatMap(verificationEntry) };
  if (error instanceof UploadRangeError) return uploadRange(error, scene);
  if (error instanceof InvalidDigestError) return reply("DIGEST_INVALID", reasonOf(error));
  if (error instanceof DigestMismatchError) return reply("DIGEST_INVALID", reasonOf(error));
  if (error instanceof SizeMismatchError) return reply("SIZE_INVALID", reasonOf(error));
  if (error instanceof InvalidManifestError) return reply("MANIFEST_INVALID", reasonOf(error));
  if (error instanceof InvalidReferenceError) return reply("NAME_INVALID", error.reason);
  if (error instanceof LimitExceededError) return reply("SIZE_INVALID", reasonOf(error), { status: error.what === "tags" ? 414 : 413 });
  if (error instanceof UnsupportedError) return reply("UNSUPPORTED");
  if (error instanceof ChallengeError) return unauthorized(error);
  return unavailable(error) ?? { ...reply("UNKNOWN"), internal: true };
}

function reply(
  code: OciErrorCode,
  detail?: unknown,
  options: { readonly status?: number; readonly headers?: HeaderList } = {},
): ErrorReply {
  return {
    status: options.status ?? errorCodeDescriptor(code).status,
    errors: [entry(code, detail)],
    headers: [...(options.headers ?? [])],
    internal: false,
  };
}

function entry(code: OciErrorCode, detail?: unknown): OciError {
  const { message } = errorCodeDescriptor(code);
  return detail === undefined ? { code, message } : { code, message, detail };
}

function verificationEntry(error: Error): readonly OciError[] {
  return error instanceof ManifestBlobUnknownError ? [entry("MANIFEST_BLOB_UNKNOWN", error.digest)] : [];
}

function notFound({ what, target: asked }: NotFoundError, repository: string): ErrorReply {
  const target = asked.slice(0, MAX_ECHO);
  switch (what) {
    case "blob":
      return reply("BLOB_UNKNOWN", target);
    case "manifest":
      return reply("MANIFEST_UNKNOWN", `unknown manifest name=${repository} revision=${target}`);
    case "tag":
      return reply("MANIFEST_UNKNOWN", `unknown tag=${target}`);
    case "repository":
      return reply("NAME_UNKNOWN", { name: target });
    case "upload":
      return reply("BLOB_UPLOAD_UNKNOWN");
  }
}

function uploadRange({ uploadId, offset }: UploadRangeError, scene: ErrorScene): ErrorReply {
  const headers: HeaderList = [
    "Location",
    scene.uploadLocation(uploadId),
    "Range",
    formatUploadRange(offset),
    "Docker-Upload-UUID",
    uploadId,
    "Berth-Upload-Offset",
    offset,
  ];
  return reply("RANGE_INVALID", `the upload holds ${offset} bytes`, { headers });
}

function unauthorized({ challenge, accesses }: ChallengeError): ErrorReply {
  const detail = accesses.map((access) => ({ Type: access.type, Class: access.class, Name: access.name, Action: access.action }));
  return reply("UNAUTHORIZED", detail.length === 0 ? undefined : detail, { headers: ["WWW-Authenticate", challenge] });
}

function unavailable(error: unknown): ErrorReply | undefined {
  if (error instanceof StorageThrottledError) {
    const seconds = Math.max(1, Math.ceil((error.retryAfterMs ?? RETRY_AFTER_SECONDS * 1000) / 1000));
    return { ...reply("TOOMANYREQUESTS", undefined, { headers: ["Retry-After", seconds] }), internal: true };
  }
  const known =
    error instanceof StorageUnavailableError || error instanceof MetadataUnavailableError || error instanceof AuthUnavailableError;
  return known ? { ...reply("UNAVAILABLE", undefined, { headers: ["Retry-After", RETRY_AFTER_SECONDS] }), internal: true } : undefined;
}

/** Our own messages about content and digests hold nothing internal; the part before the colon is for people who read logs. */
function reasonOf(error: Error): string {
  const colon = error.message.indexOf(": ");
  return colon === -1 ? error.message : error.message.slice(colon + 2);
}
