import { BerthError, type BerthErrorOptions } from "@berth/oci";

/** The database is busy, full or out of reach; the same call may succeed later. */
export class MetadataUnavailableError extends BerthError<"ERR_METADATA_UNAVAILABLE"> {
  constructor(reason: string, options?: BerthErrorOptions) {
    super("ERR_METADATA_UNAVAILABLE", `Cannot reach metadata: ${reason}`, { ...options, retryable: true });
  }
}
