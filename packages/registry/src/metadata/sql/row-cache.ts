import type { SqlRow, SqlValue, Statement } from "./statement.ts";

/** Rows larger than this are read each time. Bytes. */
const MAX_ROW_BYTES = 64 << 10;
/** What a row takes besides its payload, roughly. Bytes. */
const ROW_OVERHEAD = 1 << 10;

/** Commits of this process, on whatever database: a look that several reads share must not miss one. */
let commits = 0;

/** To be called after every commit. */
export function noteCommit(): void {
  commits++;
}

/**
 * Rows of statements that are read again and again, kept until anybody commits. Misses are never kept: what is new is seen at once.
 *
 * Whether another process has committed is looked up once in a turn of the event loop, because the look costs half as much as a read.
 * The reads of a turn answer requests that had begun to arrive when the turn began, so none of them follows a commit that the look
 * missed. Exception: a request that shares its connection with an earlier one of the same turn (pipelining, HTTP/2) may, when the tag
 * or link that it names was changed through another process in that moment, still see the row of before.
 */
export class RowCache {
  readonly #rows = new Map<string, SqlRow>();
  readonly #maxBytes: number;
  readonly #dataVersion: () => number;
  #bytes = 0;
  #seenVersion = -1;
  #seenCommits = -1;
  #looked = false;

  /** `dataVersion` gives a number that changes when another connection commits; it may throw what reads throw. */
  constructor(dataVersion: () => number, maxBytes: number) {
    this.#dataVersion = dataVersion;
    this.#maxBytes = maxBytes;
  }

  /** The row as it was read last, or else as `read` gives it. */
  get(statement: Statement, parameters: readonly SqlValue[], read: () => SqlRow | undefined): SqlRow | undefined {
    this.#forgetWhatMayBeOld();
    const key = `${statement.name} ${parameters.join(" ")}`;
    const kept = this.#rows.get(key);
    if (kept !== undefined) return kept;
    const row = read();
    if (row !== undefined) this.#keep(key, row);
    return row;
  }

  #forgetWhatMayBeOld(): void {
    if (this.#seenCommits !== commits) {
      this.#seenCommits = commits;
      this.#clear();
    }
    if (this.#looked) return;
    const version = this.#dataVersion();
    if (version !== this.#seenVersion) this.#clear();
    this.#seenVersion = version;
    this.#looked = true;
    setImmediate(() => {
      this.#looked = false;
    });
  }

  #keep(key: string, row: SqlRow): void {
    const bytes = sizeOf(row);
    if (bytes > MAX_ROW_BYTES) return;
    if (this.#bytes + bytes > this.#maxBytes) this.#clear(); // rows that are still wanted are soon back
    this.#rows.set(key, row);
    this.#bytes += bytes;
  }

  #clear(): void {
    this.#rows.clear();
    this.#bytes = 0;
  }
}

function sizeOf(row: SqlRow): number {
  const { payload } = row as { readonly payload?: unknown };
  return ROW_OVERHEAD + (payload instanceof Uint8Array ? payload.byteLength : 0);
}
