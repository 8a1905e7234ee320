import { BerthError, type BerthErrorOptions } from "@berth/oci";

/** The database is busy, full or out of reach; the same call may succeed later. */
export class MetadataUnavailableError extends BerthError<"ERR_METADATA_UNAVAILABLE"> {
  constructor(reason: string, options?: BerthErrorOptions) {
    super("ERR_METADATA_UNAVAILABLE", `Cannot reach metadata: ${reason}`, { ...options, retryable: true });
  }
}

/** The database was made by a newer version than this one; using it could damage it. */
export class MetadataSchemaError extends BerthError<"ERR_METADATA_SCHEMA"> {
  /** The version of the database. */
  readonly found: number;
  /** The newest version that this code knows. */
  readonly known: number;

  constructor({ found, known }: { readonly found: number; readonly known: number }) {
    super("ERR_METADATA_SCHEMA", `Cannot use the metadata database: its schema is version ${found}, this program knows up to ${known}`);
    this.found = found;
    this.known = known;
  }
}
