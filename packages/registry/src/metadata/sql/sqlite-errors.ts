import { MetadataUnavailableError } from "../errors.ts";

// Primary result codes. @see https://sqlite.org/rescode.html
const BUSY = 5;
const LOCKED = 6;
const REASONS: ReadonlyMap<number, string> = new Map([
  [BUSY, "the database is busy"],
  [LOCKED, "the database is busy"],
  [7, "out of memory"],
  [8, "the database cannot be written"],
  [10, "reading or writing the database failed"],
  [11, "the database is damaged"],
  [13, "no space left for the database"],
  [14, "the database cannot be opened"],
  [26, "the file is not a database"],
]);

/** True when another process held the lock; the same transaction may succeed in a moment. */
export function isBusy(error: unknown): boolean {
  const code = primaryCode(error);
  return code === BUSY || code === LOCKED;
}

/** True when the fault is the machine's, not a statement's. Such an error may already have ended the transaction. */
export function isUnavailable(error: unknown): boolean {
  return REASONS.has(primaryCode(error));
}

/** What callers get for an error of the driver: faults of the machine become `MetadataUnavailableError`, the rest stays. */
export function fromSqliteError(error: unknown): unknown {
  const reason = REASONS.get(primaryCode(error));
  return reason === undefined ? error : new MetadataUnavailableError(reason, { cause: error });
}

/** The low byte of SQLite's result code; 0 for other errors. */
function primaryCode(error: unknown): number {
  if (!(error instanceof Error) || !("errcode" in error) || typeof error.errcode !== "number") return 0;
  return error.errcode & 0xff;
}
