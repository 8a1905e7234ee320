import type { Digest } from "@berth/oci";

/** One blob on its way into one repository. */
export interface UploadKey {
  /** Host, perhaps with a port. */
  readonly registry: string;
  readonly repository: string;
  readonly digest: Digest;
}

/** Remembers the uploads of blobs, so that another process can go on with them. */
export interface UploadJournal {
  /** The upload that was begun for a blob; undefined when there is none, or it is too old. Never fails. */
  find(key: UploadKey): Promise<string | undefined>;
  /** Notes an upload, or its new name. Never fails. */
  note(key: UploadKey, upload: string): void;
  /** Forgets an upload that is over. Never fails. */
  forget(key: UploadKey): Promise<void>;
}
