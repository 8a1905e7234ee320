import { withBase, type BaseOptions } from "../base.ts";
import type { StorageDriver } from "../driver.ts";
import { fileCalls } from "./calls.ts";
import { FilesystemDriver } from "./driver.ts";

/** Options of {@link createFilesystemDriver}. */
export interface FilesystemDriverOptions extends BaseOptions {
  /** Folder that holds everything; made by the first write. Must be on a local disk or a file system with `link`, `rename` and `fsync`. */
  readonly rootDirectory: string;
  /** Calls at the same time; default 100, and never below 25. */
  readonly maxThreads?: number;
}

/**
 * Keeps content as files below a folder, at the paths of the reference registry.
 *
 * `writer` writes straight to the path: give an unfinished write a path of its own, and `move` or `copy` it when it is committed.
 */
export function createFilesystemDriver(options: FilesystemDriverOptions): StorageDriver {
  const { rootDirectory, maxThreads = 100, ...rest } = options;
  return withBase(new FilesystemDriver(rootDirectory, fileCalls), { maxThreads, ...rest });
}
