import type { ByteSource, ByteSpan, CallOptions, Digest } from "@berth/oci";

/** A file that goes into an archive. */
export interface NewEntry {
  /** Its path in the archive. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Checked while it is written; undefined when the caller checked it already. */
  readonly digest?: Digest;
}

/** A small file that stands at the end of an archive. */
export interface LastEntry {
  /** Its path in the archive. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** An archive that is being written. Nothing is to be seen of it at its place before {@link TarWriter.finish}. */
export interface TarWriter {
  /**
   * Adds a file; one of that name that is there already is success. Many may be added at once. After an error the archive holds nothing of
   * the file, and it may be added again: what had come is kept, and only the rest is asked for if the content can be read from there.
   *
   * @throws {DigestMismatchError} @throws {SizeMismatchError} @throws {ArchiveClosedError}
   */
  add(entry: NewEntry, content: ByteSource, options?: CallOptions): Promise<void>;
  /** Whether a file of that name was added whole. */
  has(name: string): boolean;
  /** Reads a file back; undefined where that cannot be. */
  read(name: string, span: ByteSpan, signal?: AbortSignal): AsyncIterable<Uint8Array> | undefined;
  /** Writes the last files and the end, and puts the archive into its place. Nothing may be added while this runs. */
  finish(last: readonly LastEntry[]): Promise<void>;
  /** Throws away what was written. Does nothing after {@link TarWriter.finish} or when called again. */
  abort(): Promise<void>;
}

/** Options of everything that writes an archive. */
export interface WriteArchiveOptions extends CallOptions {
  /** The time of every entry, in seconds since 1970; default 0. @see reproducible-builds.org, SOURCE_DATE_EPOCH */
  readonly epoch?: number;
  /**
   * What is at the path when the archive goes there, as {@link versionOfFile} tells of it: else the archive is given up, so that nobody else's
   * is lost. `any`: whatever it is by then. Default: what is there when the archive is started. Of streams nothing is asked.
   */
  readonly replaces?: string;
  /** Where content waits that cannot go into the archive at once; default the system's folder for temporary files. */
  readonly temporaryFolder?: string;
  /** Bytes of one file that waits so, at most; default 64 GiB. */
  readonly maxSpoolBytes?: number;
}
