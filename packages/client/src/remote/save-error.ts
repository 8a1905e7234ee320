import { BerthError, type BerthErrorOptions, type Digest } from "@berth/oci";
import { systemReason } from "@berth/oci/node";

/** A blob could not be saved because of the file, not of the registry. The code is that of the system: `ENOSPC`, `EROFS`, `EISDIR`. */
export class SaveError extends BerthError {
  /** As it was given: not what the file is called until it is whole. */
  readonly path: string;
  readonly digest: Digest;

  /** @param fields `reason`: why, in words; default: the system's for the code. */
  constructor(
    fields: { readonly path: string; readonly digest: Digest; readonly code: string; readonly reason?: string },
    options?: BerthErrorOptions,
  ) {
    const { path, digest, code, reason = systemReason({ code }) } = fields;
    super(code, `Cannot save blob "${digest}" to "${path}": ${reason}`, options);
    this.path = path;
    this.digest = digest;
  }
}
