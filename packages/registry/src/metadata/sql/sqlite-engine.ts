import { MetadataUnavailableError } from "../errors.ts";
import type { Durability, SqlEngine } from "./engine.ts";
import type { Program } from "./program.ts";
import { MAX_RETRIES, retryDelayMs, withRetries } from "./retry.ts";
import { SqliteConnection } from "./sqlite-connection.ts";
import { fromSqliteError, isBusy, isUnavailable } from "./sqlite-errors.ts";
import { SqliteLogSync } from "./sqlite-log-sync.ts";
import type { SqlRow, SqlValue, Statement } from "./statement.ts";

/** Programs that share one commit, at most. */
const MAX_GROUP = 256;
const DEFAULT_GROUP_MS = 4;

/** Options of {@link openSqliteEngine}. */
export interface SqliteEngineOptions {
  /** Path of the file, or `:memory:`. Several processes may open the same file, on one machine. */
  readonly path: string;
  /** What every write is worth at most; default `durable`. `relaxed` is faster and may lose the last moments in a power cut. */
  readonly durability?: Durability;
  /** Milliseconds after which a group of writes takes no further one, so that the event loop turns; default 4. */
  readonly groupMs?: number;
}

/** A program that waits for its turn, with its caller. */
interface PendingWrite {
  readonly durability: Durability;
  /** Runs the program; `apart`: in a savepoint of its own. Its result is kept until {@link settle}. */
  run(connection: SqliteConnection, apart: boolean): void;
  /** The commit happened: the caller hears what the program returned or threw. */
  settle(): void;
  /** The commit did not happen. */
  fail(error: unknown): void;
}

/**
 * Opens a SQLite database.
 *
 * @throws {MetadataUnavailableError} when the file cannot be opened.
 */
export async function openSqliteEngine(options: SqliteEngineOptions): Promise<SqlEngine> {
  try {
    const connection = await withRetries(() => new SqliteConnection(options.path), isBusy);
    return new SqliteEngine(connection, options.path === ":memory:" ? undefined : new SqliteLogSync(options.path), options);
  } catch (error) {
    throw fromSqliteError(error);
  }
}

/**
 * Reads run at once. Writes wait for the end of the turn and share one transaction, each in a savepoint so that one that fails takes
 * nothing along. Callers hear of a result after the commit only, those of durable writes after the flush that follows it, while the
 * next group already runs. Nothing is read in the middle of a transaction, since a group runs without giving the event loop back.
 */
class SqliteEngine implements SqlEngine {
  readonly #connection: SqliteConnection;
  readonly #log: SqliteLogSync | undefined;
  readonly #bestDurability: Durability;
  readonly #groupMs: number;
  readonly #waiting: PendingWrite[] = [];
  /** Set while a flush is due or is waiting for another process' lock. */
  #flushDue = false;
  #retries = 0;
  #closing: Promise<void> | undefined;
  #drained: (() => void) | undefined;

  constructor(connection: SqliteConnection, log: SqliteLogSync | undefined, { durability, groupMs }: SqliteEngineOptions) {
    this.#connection = connection;
    this.#log = log;
    this.#bestDurability = durability ?? "durable";
    this.#groupMs = groupMs ?? DEFAULT_GROUP_MS;
  }

  async readRow(statement: Statement, parameters: readonly SqlValue[]): Promise<SqlRow | undefined> {
    this.#assertOpen();
    try {
      return this.#connection.row(statement, parameters);
    } catch (error) {
      return await this.#readAgain(error, () => this.#connection.row(statement, parameters));
    }
  }

  async readRows(statement: Statement, parameters: readonly SqlValue[]): Promise<readonly SqlRow[]> {
    this.#assertOpen();
    try {
      return this.#connection.rows(statement, parameters);
    } catch (error) {
      return await this.#readAgain(error, () => this.#connection.rows(statement, parameters));
    }
  }

  write<T>(program: () => Program<T>, durability: Durability = "durable"): Promise<T> {
    if (this.#closing !== undefined) return Promise.reject(closed());
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    let settle: () => void;
    this.#waiting.push({
      durability: this.#bestDurability === "relaxed" ? "relaxed" : durability,
      run(connection, apart) {
        try {
          const result = apart ? connection.runApart(program()) : connection.run(program());
          settle = () => resolve(result);
        } catch (error) {
          if (isUnavailable(error) || !apart) throw error;
          settle = () => reject(error);
        }
      },
      settle: () => settle(),
      fail: reject,
    });
    this.#flushSoon();
    return promise;
  }

  async migrate(): Promise<void> {
    this.#assertOpen();
    try {
      await withRetries(() => this.#connection.migrate(), isBusy);
    } catch (error) {
      throw fromSqliteError(error);
    }
  }

  close(): Promise<void> {
    this.#closing ??= (async () => {
      if (this.#flushDue) await new Promise<void>((resolve) => (this.#drained = resolve));
      await this.#log?.close();
      this.#connection.close();
    })();
    return this.#closing;
  }

  #flushSoon(): void {
    if (this.#flushDue) return;
    this.#flushDue = true;
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    const group: PendingWrite[] = [];
    try {
      this.#runGroup(group);
      this.#retries = 0;
      this.#settle(group);
    } catch (error) {
      if (isBusy(error) && this.#retries < MAX_RETRIES) {
        this.#waiting.unshift(...group);
        setTimeout(() => this.#flush(), retryDelayMs(this.#retries++));
        return;
      }
      this.#retries = 0;
      const reason = fromSqliteError(error);
      for (const write of group.length > 0 ? group : this.#waiting.splice(0, MAX_GROUP)) write.fail(reason);
    }
    this.#flushDue = false;
    if (this.#waiting.length > 0) this.#flushSoon();
    else this.#drained?.();
  }

  /** Tells the callers of a committed group, once what they asked for holds. */
  #settle(group: readonly PendingWrite[]): void {
    const settleAll = (writes: readonly PendingWrite[]): void => {
      for (const write of writes) write.settle();
    };
    if (this.#log === undefined) {
      settleAll(group);
      return;
    }
    settleAll(group.filter(({ durability }) => durability === "relaxed"));
    const durable = group.filter(({ durability }) => durability === "durable");
    if (durable.length === 0) return;
    this.#log.flush().then(
      () => settleAll(durable),
      (error: unknown) => {
        const reason = new MetadataUnavailableError("a commit cannot be made durable", { cause: error });
        for (const write of durable) write.fail(reason);
      },
    );
  }

  /** Runs waiting programs in one transaction; they are added to `group`, so that the caller can tell them what came of it. */
  #runGroup(group: PendingWrite[]): void {
    const candidates = this.#waiting.slice(0, MAX_GROUP);
    const started = performance.now();
    this.#connection.begin();
    try {
      for (const write of candidates) {
        group.push(write);
        write.run(this.#connection, candidates.length > 1);
        if (performance.now() - started >= this.#groupMs) break;
      }
      this.#connection.commit();
    } catch (error) {
      this.#connection.rollback();
      throw error;
    } finally {
      this.#waiting.splice(0, group.length);
    }
  }

  async #readAgain<T>(error: unknown, read: () => T): Promise<T> {
    try {
      if (!isBusy(error)) throw error;
      return await withRetries(read, isBusy);
    } catch (last) {
      throw fromSqliteError(last);
    }
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw closed();
  }
}

function closed(): MetadataUnavailableError {
  return new MetadataUnavailableError("the database is closed");
}
