import type { Descriptor } from "./descriptor.ts";
import type { Digest } from "./digest.ts";
import { type AnswerErrorOptions, BerthError, type BerthErrorOptions, InvalidReferenceError, NotFoundError } from "./errors.ts";

// Errors with a `detail` carry the words that clients of the reference implementation find in the `detail` of an error body.

/** The repository does not hold a blob. */
export class BlobUnknownError extends NotFoundError {
  readonly digest: string;
  /** The digest. */
  readonly detail: string;

  constructor(digest: string, options?: AnswerErrorOptions) {
    super("blob", digest, options);
    this.digest = digest;
    this.detail = digest;
  }
}

/** An upload does not exist, is over, or has expired. */
export class BlobUploadUnknownError extends NotFoundError {
  /** What the upload was asked for by: its id, or its address. */
  readonly id: string;

  constructor(id: string, options?: AnswerErrorOptions) {
    super("upload", id, options);
    this.id = id;
  }
}

/** No manifest has that tag in the repository. */
export class ManifestUnknownError extends NotFoundError {
  readonly repository: string;
  readonly tag: string;
  /** `unknown manifest name=N tag=T`. */
  readonly detail: string;

  constructor({ repository, tag }: { readonly repository: string; readonly tag: string }, options?: AnswerErrorOptions) {
    super("manifest", `${repository}:${tag}`, options);
    this.repository = repository;
    this.tag = tag;
    this.detail = `unknown manifest name=${repository} tag=${tag}`;
  }
}

/** No manifest has that digest in the repository. */
export class ManifestUnknownRevisionError extends NotFoundError {
  readonly repository: string;
  /** The digest. */
  readonly revision: string;
  /** `unknown manifest name=N revision=D`. */
  readonly detail: string;

  constructor({ repository, revision }: { readonly repository: string; readonly revision: string }, options?: AnswerErrorOptions) {
    super("manifest", `${repository}@${revision}`, options);
    this.repository = repository;
    this.revision = revision;
    this.detail = `unknown manifest name=${repository} revision=${revision}`;
  }
}

/** The repository does not exist. */
export class RepositoryUnknownError extends NotFoundError {
  readonly repository: string;
  /** `unknown repository name=N`. */
  readonly detail: string;

  constructor(repository: string, options?: AnswerErrorOptions) {
    super("repository", repository, options);
    this.repository = repository;
    this.detail = `unknown repository name=${repository}`;
  }
}

/** The tag does not exist. */
export class TagUnknownError extends NotFoundError {
  readonly tag: string;
  /** `unknown tag=T`. */
  readonly detail: string;

  constructor(tag: string, options?: AnswerErrorOptions) {
    super("tag", tag, options);
    this.tag = tag;
    this.detail = `unknown tag=${tag}`;
  }
}

/** A repository name breaks the grammar. */
export class RepositoryNameInvalidError extends InvalidReferenceError {
  /** `repository name "N" invalid: R`. */
  readonly detail: string;

  constructor(name: string, reason: string) {
    super(name, reason);
    this.detail = `repository name "${name}" invalid: ${reason}`;
  }
}

/** The name within a schema 1 manifest breaks the grammar, or is not that of its repository. */
export class ManifestNameInvalidError extends InvalidReferenceError {
  /** `manifest name "N" invalid: R`. */
  readonly detail: string;

  constructor(name: string, reason: string) {
    super(name, reason);
    this.detail = `manifest name "${name}" invalid: ${reason}`;
  }
}

/** A manifest names a blob or manifest that the repository does not hold. */
export class ManifestBlobUnknownError extends BerthError<"ERR_MANIFEST_BLOB_UNKNOWN"> {
  readonly digest: string;
  /** `unknown blob D on manifest`. */
  readonly detail: string;

  constructor(digest: string, options?: BerthErrorOptions) {
    super("ERR_MANIFEST_BLOB_UNKNOWN", `Cannot accept manifest: the repository does not hold "${digest}"`, options);
    this.digest = digest;
    this.detail = `unknown blob ${digest} on manifest`;
  }
}

/** A signature of a schema 1 manifest does not hold. */
export class ManifestUnverifiedError extends BerthError<"ERR_MANIFEST_UNVERIFIED"> {
  constructor(reason: string, options?: BerthErrorOptions) {
    super("ERR_MANIFEST_UNVERIFIED", `Cannot verify manifest: ${reason}`, options);
  }
}

/** Everything that is wrong with a manifest, found in one go. */
export class ManifestVerificationError extends BerthError<"ERR_MANIFEST_VERIFICATION"> {
  readonly errors: readonly Error[];
  /** `errors verifying manifest: A,B`. */
  readonly detail: string;

  constructor(errors: readonly Error[]) {
    const all = errors.map((error) => error.message).join(",");
    super("ERR_MANIFEST_VERIFICATION", `Cannot accept manifest: ${all}`);
    this.errors = errors;
    this.detail = `errors verifying manifest: ${all}`;
  }
}

/** Schema 1 manifests are switched off. */
export class SchemaV1UnsupportedError extends BerthError<"ERR_SCHEMA_V1_UNSUPPORTED"> {
  /** `manifest schema v1 unsupported`. */
  readonly detail = "manifest schema v1 unsupported";

  constructor(options?: BerthErrorOptions) {
    super("ERR_SCHEMA_V1_UNSUPPORTED", "Cannot accept manifest: schema 1 is unsupported", options);
  }
}

/** The caller has the latest version of what it asked for. Calls of Berth answer so with a value; this is for those that cannot. */
export class ManifestNotModifiedError extends BerthError<"ERR_MANIFEST_NOT_MODIFIED"> {
  constructor(options?: BerthErrorOptions) {
    super("ERR_MANIFEST_NOT_MODIFIED", "Cannot fetch manifest: it is not modified", options);
  }
}

/** The caller may not do what was asked. */
export class AccessDeniedError extends BerthError<"ERR_ACCESS_DENIED"> {
  constructor(what: string, options?: BerthErrorOptions) {
    super("ERR_ACCESS_DENIED", `Cannot ${what}: access denied`, options);
  }
}

/** A blob is there already and the store does not write it again. */
export class BlobExistsError extends BerthError<"ERR_BLOB_EXISTS"> {
  readonly digest: Digest;

  constructor(digest: Digest, options?: BerthErrorOptions) {
    super("ERR_BLOB_EXISTS", `Cannot write blob: "${digest}" exists`, options);
    this.digest = digest;
  }
}

/** Instead of starting an upload, the store took the blob over from another repository. */
export class BlobMountedError extends BerthError<"ERR_BLOB_MOUNTED"> {
  /** The repository that it came from. */
  readonly from: string;
  readonly descriptor: Descriptor;

  constructor({ from, descriptor }: { readonly from: string; readonly descriptor: Descriptor }, options?: BerthErrorOptions) {
    super("ERR_BLOB_MOUNTED", `Cannot start upload: "${descriptor.digest}" was mounted from "${from}"`, options);
    this.from = from;
    this.descriptor = descriptor;
  }
}
