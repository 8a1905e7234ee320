import { renameSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { acquireLock } from "../layout/file-lock.ts";
import { ArchiveChangedError } from "./errors.ts";
import { ANY_FILE, versionOfFile } from "./file-version.ts";

/** Milliseconds that one who puts an archive into its place waits for others who do. */
const WAIT_MS = 60_000;

/** What is replaced. */
export interface Replaced {
  /** As {@link versionOfFile} told of the place, or {@link ANY_FILE}. */
  readonly version: string;
  /** What the place is called in an error. */
  readonly typed: string;
}

/**
 * Renames a file over what was there before, and over nothing else: of several that write to one place the first one to end has it.
 *
 * @throws {ArchiveChangedError}
 */
export async function putInPlace(from: string, to: string, { version, typed }: Replaced): Promise<void> {
  const lock = await acquireLock(join(dirname(to), `.${basename(to)}.lock`), { what: `"${typed}"`, timeoutMs: WAIT_MS });
  try {
    if (version !== ANY_FILE && versionOfFile(to) !== version) throw new ArchiveChangedError(typed);
    renameSync(from, to); // without a pause behind the look
  } finally {
    await lock.release();
  }
}
