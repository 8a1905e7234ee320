import type { Readable } from "node:stream";

/** Options of every driver call that can wait. */
export interface DriverCallOptions {
  /** Aborting rejects the call with the signal's own reason. */
  readonly signal?: AbortSignal;
}

/** Options of {@link StorageDriver.reader}. */
export interface ReaderOptions extends DriverCallOptions {
  /** First byte wanted; default 0. Equal to the size: a stream of zero bytes. */
  readonly offset?: number;
  /** Bytes wanted; default up to the end. */
  readonly length?: number;
}

/** Options of {@link StorageDriver.writer}. */
export interface WriterOptions extends DriverCallOptions {
  /**
   * Goes on after the first `keep` bytes of an unfinished write and drops what lies beyond them; the default, 0, starts anew.
   * More than the bytes held is an {@link InvalidOffsetError}.
   */
  readonly keep?: number | "all";
}

/** What a driver knows of a path. */
export interface FileInfo {
  readonly path: string;
  /** Bytes; 0 for a folder. */
  readonly size: number;
  /** When the bytes or the path last changed: what was copied or moved a moment ago is not old. */
  readonly modifiedAt: Date;
  readonly isDirectory: boolean;
}

/** Options of {@link StorageDriver.walk}. */
export interface WalkOptions extends DriverCallOptions {
  /** Entries at or before this path, in walk order, are left out. */
  readonly after?: string;
  /** Says whether to go into a folder that was just yielded; default always. */
  readonly enter?: (folder: FileInfo) => boolean;
}

/** What a redirect is made for. */
export interface RedirectRequest {
  readonly method: "GET" | "HEAD";
}

/** Options of {@link FileWriter.commit}. */
export interface CommitOptions {
  /**
   * Whether bytes and path survive a crash once `commit` resolves; default true. False for bytes that are copied to a path of their own
   * next: the copy makes them durable, with one wait for the disk instead of two.
   */
  readonly durable?: boolean;
}

/**
 * Bytes on their way to a path. Writes are ordered: await each one before the next. After `close`, `commit` or `cancel` every
 * call but `cancel` throws.
 */
export interface FileWriter {
  /** Bytes held, those of earlier writers of the same path included. */
  readonly size: number;
  /** Takes the bytes; they may be reused by the caller once the promise resolves. */
  write(chunk: Uint8Array | readonly Uint8Array[]): Promise<void>;
  /** Makes what was written durable; more may follow. */
  sync(): Promise<void>;
  /** Makes what was written durable and lets go; `writer(path, { keep })`, of any process, can go on. */
  close(): Promise<void>;
  /** Makes the whole durable and readable at the path; of zero bytes too. */
  commit(options?: CommitOptions): Promise<void>;
  /** Drops the bytes; may be called again and after `commit`, when it does nothing. */
  cancel(): Promise<void>;
}

/** A file opened for reads at any place. */
export interface OpenFile {
  /** Bytes. */
  readonly size: number;
  /** Fills `into` from `position`; returns the bytes read, 0 at the end. */
  read(into: Uint8Array, position: number): Promise<number>;
  /** Gives back what it holds. */
  close(): Promise<void>;
}

/**
 * Holds registry content under paths such as `/docker/registry/v2/blobs/...`. What implementers must guarantee:
 *
 * - `putContent`, `commit`, `copy` and `move` are durable when they resolve, and atomic: readers see old or new, whole.
 * - A path is one or more of `/[A-Za-z0-9._-]+`; `list`, `stat` and `walk` also take `/`. {@link withBase} checks this for you.
 * - Missing paths throw {@link PathNotFoundError}; a folder exists while something is in it.
 *
 * `describeStorageDriver` of `@berth/storage/testing` tests every sentence here.
 */
export interface StorageDriver {
  /** Names the driver in config, errors and metrics, such as `filesystem`. */
  readonly name: string;
  /** Reads a whole file; meant for small ones. */
  getContent(path: string, options?: DriverCallOptions): Promise<Buffer>;
  /** Writes a whole file over what is there. */
  putContent(path: string, content: Uint8Array, options?: DriverCallOptions): Promise<void>;
  /** Opens a file to read in order. The caller must consume or destroy the stream. @throws {InvalidOffsetError} past the end. */
  reader(path: string, options?: ReaderOptions): Promise<Readable>;
  /** Starts or goes on with a write. */
  writer(path: string, options?: WriterOptions): Promise<FileWriter>;
  stat(path: string, options?: DriverCallOptions): Promise<FileInfo>;
  /** Full paths of the direct children, sorted by bytes. */
  list(path: string, options?: DriverCallOptions): Promise<string[]>;
  /** Renames a file or folder over what is at the destination. */
  move(source: string, destination: string, options?: DriverCallOptions): Promise<void>;
  /**
   * Puts the content of a file at a second path as well; cheap where the store can share bytes. The copy is durable when it resolves,
   * even where the source was committed without that.
   */
  copy(source: string, destination: string, options?: DriverCallOptions): Promise<void>;
  /** Removes a file, or a folder with all that is in it. */
  delete(path: string, options?: DriverCallOptions): Promise<void>;
  /** An address where a client can get the file by itself, or undefined. */
  redirectUrl(path: string, request: RedirectRequest, options?: DriverCallOptions): Promise<string | undefined>;
  /** All files and folders below a path, in byte order of their paths with parents before children. */
  walk(path: string, options?: WalkOptions): AsyncIterable<FileInfo>;
  /** Opens a file for reads at any place; drivers without it are read through `reader`. */
  open?(path: string, options?: DriverCallOptions): Promise<OpenFile>;
  /** Removes what calls cut off by a crash left behind before `olderThan`, and says how many; files at paths are never touched. */
  removeLeftovers?(olderThan: Date, options?: DriverCallOptions): Promise<number>;
  /** Lets go of what the driver holds. */
  close?(): Promise<void>;
}
