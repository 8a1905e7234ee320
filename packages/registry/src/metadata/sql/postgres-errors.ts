import { MetadataUnavailableError } from "../errors.ts";

// Two transactions met: serialization failure, deadlock, lock not available; and a row that another one removed or inserted between two of
// our statements (foreign key, unique), since no program breaks a constraint on its own.
const CONFLICTS: ReadonlySet<string> = new Set(["40001", "40P01", "55P03", "23503", "23505"]);
// Classes: connection, transaction cannot go on, resources, operator's doing, system error. 25006: a standby; 57: shutdown, time-out.
const UNAVAILABLE_CLASSES: ReadonlySet<string> = new Set(["08", "53", "57", "58", "XX"]);
const READ_ONLY = "25006";

/** True when the same transaction may succeed when begun anew. */
export function isConflict(error: unknown): boolean {
  return CONFLICTS.has(sqlState(error));
}

/** What callers get for an error of a query: faults of the server and of the way to it become `MetadataUnavailableError`, the rest stays. */
export function fromPostgresError(error: unknown): unknown {
  if (error instanceof MetadataUnavailableError || error instanceof RangeError) return error;
  const state = sqlState(error);
  if (state === "") return new MetadataUnavailableError("the connection was lost", { cause: error });
  if (state === READ_ONLY) return new MetadataUnavailableError("the database cannot be written", { cause: error });
  if (state === "53100") return new MetadataUnavailableError("no space left for the database", { cause: error });
  return UNAVAILABLE_CLASSES.has(state.slice(0, 2))
    ? new MetadataUnavailableError("the server does not take queries", { cause: error })
    : error;
}

/** The five letters that the server gives; empty for errors of the socket and of the driver. @see PostgreSQL manual, appendix A */
function sqlState(error: unknown): string {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string" || !("severity" in error)) return "";
  return error.code;
}
