import { type Stats, constants } from "node:fs";
import { DriverError, PathNotFoundError } from "../errors.ts";
import type { FileCalls } from "./calls.ts";
import { driverError, errorName, FILESYSTEM } from "./errors.ts";
import { File } from "./file.ts";

/** The files below a root folder, by their paths. */
export class Files {
  readonly #calls: FileCalls;
  readonly #root: string;

  constructor(calls: FileCalls, root: string) {
    this.#calls = calls;
    this.#root = root;
  }

  /** The path that the operating system knows. */
  real(path: string): string {
    return path === "/" ? this.#root : this.#root + path;
  }

  /** Opens what is there. @throws {PathNotFoundError} when nothing is, or a folder that cannot be opened so. */
  async open(path: string, flags: number): Promise<File> {
    try {
      return new File(this.#calls, await this.#calls.open(this.real(path), flags), path);
    } catch (error) {
      throw missingWhenFolder(driverError(error, path), path);
    }
  }

  /** Opens a file and tells its size. @throws {PathNotFoundError} for a folder. */
  async openToRead(path: string): Promise<{ readonly file: File; readonly size: number }> {
    const file = await this.open(path, constants.O_RDONLY);
    try {
      const stats = await file.stat();
      if (!stats.isDirectory()) return { file, size: stats.size };
    } catch (error) {
      await file.close();
      throw error;
    }
    await file.close();
    throw new PathNotFoundError({ driver: FILESYSTEM, path });
  }

  /** @throws {PathNotFoundError} when nothing is there. */
  async stats(path: string): Promise<Stats> {
    try {
      return await this.#calls.stat(this.real(path));
    } catch (error) {
      throw driverError(error, path);
    }
  }

  /** @throws {PathNotFoundError} when no file is there. */
  async expectFile(path: string): Promise<void> {
    if ((await this.stats(path)).isDirectory()) throw new PathNotFoundError({ driver: FILESYSTEM, path });
  }
}

/** No file is at the path of a folder. */
export function missingWhenFolder(error: unknown, path: string): unknown {
  const cause = error instanceof DriverError ? error.cause : error;
  return errorName(cause) === "EISDIR" ? new PathNotFoundError({ driver: FILESYSTEM, path, cause }) : error;
}
