import type { CallOptions } from "@berth/oci";
import { wholeNumber } from "../../number-option.ts";
import type { UploadBackoff } from "./chunk-sender.ts";
import type { UploadProgress } from "./outgoing-blob.ts";

/** Bytes of a chunk, unless told otherwise: 16 MiB. */
export const DEFAULT_CHUNK_SIZE = 16_777_216;

/**
 * How a blob is sent. `auto`: in one request, and in chunks from where the registry stopped once that is cut off or refused as too large;
 * `monolithic`: in one request, and from the start again when that is cut off; `chunked`: in chunks; `single-post`: with the request that
 * would start an upload, which saves a round trip where registries take it, and as `auto` where they do not.
 */
export type PushMode = "auto" | "monolithic" | "chunked" | "single-post";

/** Options of {@link pushBlob}. */
export interface PushBlobOptions extends CallOptions {
  /** Default `auto`. */
  readonly mode?: PushMode;
  /**
   * Bytes of a chunk; default 16 MiB. Raised to what the registry wants at least, lowered when something on the way refuses it as too
   * large. Content that can be read only once is held in memory chunk by chunk.
   */
  readonly chunkSize?: number;
  /**
   * Content up to this size is read whole, and so checked before anything is sent; bytes, default 4 MiB. Less makes a copy of content that
   * can be read again quicker: it leaves as it comes, and the registry gets the end of it only when all was right.
   */
  readonly wholeBytes?: number;
  /** Called as bytes leave. */
  readonly onProgress?: (progress: UploadProgress) => void;
  /** Asks for the blob first and sends nothing when the registry has it; one that refuses to say is sent it. Default false. */
  readonly skipExisting?: boolean;
  /** Goes on with an upload that {@link onUpload} named, perhaps in another process; one that is gone is started again. */
  readonly resume?: string;
  /**
   * Called with the name of the upload when it starts and whenever its name changes. When given, an upload that fails for reasons other
   * than its content is left at the registry, for {@link resume}; otherwise a failed upload is thrown away.
   */
  readonly onUpload?: (id: string) => void;
  /** Refuses upload locations on other origins than the registry's; default false: they are used, without credentials. */
  readonly strictLocation?: boolean;
  /** Default: 200 ms, twice as long each time, up to 10 s. */
  readonly backoff?: UploadBackoff;
}

/** Bytes of a chunk. @throws {RangeError} */
export function chunkSizeOf({ chunkSize }: Pick<PushBlobOptions, "chunkSize">): number {
  return wholeNumber("chunkSize", chunkSize, DEFAULT_CHUNK_SIZE, { from: 1 });
}
