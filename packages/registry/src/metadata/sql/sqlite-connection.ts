import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { MetadataSchemaError } from "../errors.ts";
import { sqliteDialect } from "./dialect.ts";
import { MIGRATIONS, migrationScript, migrationsTable } from "./migrations/migrations.ts";
import type { Program, Step, StepResult } from "./program.ts";
import { noteCommit, RowCache } from "./row-cache.ts";
import { integerOf, type SqlRow, type SqlValue, type Statement, statement } from "./statement.ts";

/** How long SQLite itself waits for another process' lock. Short: our event loop stands still meanwhile. */
const BUSY_TIMEOUT_MS = 25;
/** The log is cut back to this after a checkpoint. Bytes. */
const LOG_SIZE_LIMIT = 64 << 20;
/** Pages of the log after which a commit also moves them into the file: 16 MiB, some 20 ms of work. */
const CHECKPOINT_PAGES = 4000;
/** Rows kept until the database changes. Bytes. */
const ROW_CACHE_BYTES = 8 << 20;
/** KiB of pages kept in memory. */
const CACHE_KIB = 16 << 10;

const NO_ROWS: readonly SqlRow[] = [];
const BEGIN = statement("sqlite.begin", "BEGIN IMMEDIATE");
const DATA_VERSION = statement("sqlite.data-version", "PRAGMA data_version");
const COMMIT = statement("sqlite.commit", "COMMIT");
const ROLLBACK = statement("sqlite.rollback", "ROLLBACK");
const SAVE = statement("sqlite.save", "SAVEPOINT program");
const RELEASE = statement("sqlite.release", "RELEASE program");
const UNDO = statement("sqlite.undo", "ROLLBACK TO program");
const HAS_SCHEMA = statement("sqlite.has-schema", "SELECT 1 AS one FROM sqlite_schema WHERE type = 'table' AND name = 'schema_migrations'");
const VERSION = statement("sqlite.version", "SELECT COALESCE(MAX(version), 0) AS version FROM schema_migrations");

/** One connection to a SQLite file, with the statements that it has prepared. Every call is synchronous and throws the driver's errors. */
export class SqliteConnection {
  readonly #database: DatabaseSync;
  readonly #prepared = new Map<Statement, StatementSync>();
  readonly #kept = new RowCache(() => integerOf(this.#read(DATA_VERSION, []) ?? {}, "data_version"), ROW_CACHE_BYTES);

  /** Opens or makes the file; `:memory:` is a database of its own that ends with the connection. */
  constructor(path: string) {
    this.#database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS, enableForeignKeyConstraints: true });
    try {
      this.#database.exec(
        `PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}; PRAGMA journal_size_limit = ${LOG_SIZE_LIMIT};
         PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -${CACHE_KIB};`,
      );
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  get isInTransaction(): boolean {
    return this.#database.isTransaction;
  }

  /** The first row. To be called outside of transactions only: rows may be those that were kept of an earlier read. */
  row(statement: Statement, parameters: readonly SqlValue[]): SqlRow | undefined {
    if (statement.isKept !== true) return this.#read(statement, parameters);
    return this.#kept.get(statement, parameters, () => this.#read(statement, parameters));
  }

  /** All rows. */
  rows(statement: Statement, parameters: readonly SqlValue[]): readonly SqlRow[] {
    return this.#prepare(statement).all(...bound(parameters));
  }

  /** Runs a program from start to end, inside of whatever transaction is open. */
  run<T>(program: Program<T>): T {
    let next = program.next();
    while (next.done !== true) next = program.next(this.#step(next.value));
    return next.value;
  }

  /** As {@link run}, but when the program fails nothing of it stays and the transaction goes on. */
  runApart<T>(program: Program<T>): T {
    this.#execute(SAVE);
    try {
      return this.run(program);
    } catch (error) {
      // A full disk and the like end the whole transaction, and with it the savepoint.
      if (this.isInTransaction) this.#execute(UNDO);
      throw error;
    } finally {
      if (this.isInTransaction) this.#execute(RELEASE);
    }
  }

  /** Begins a transaction that may write. Fails with SQLITE_BUSY while another connection writes. */
  begin(): void {
    this.#execute(BEGIN);
  }

  /** Makes the open transaction last. */
  commit(): void {
    this.#execute(COMMIT);
    noteCommit();
  }

  /** Undoes the open transaction, if SQLite has not done so itself. */
  rollback(): void {
    if (this.isInTransaction) this.#execute(ROLLBACK);
  }

  /** Brings the schema up to date; of several processes that start together one does it. @throws {MetadataSchemaError} */
  migrate(): void {
    if (this.#version() === MIGRATIONS.length) return;
    this.begin();
    try {
      this.#database.exec(migrationsTable(sqliteDialect));
      this.#database.exec(migrationScript(sqliteDialect, this.#version(), Date.now()));
      this.commit();
    } catch (error) {
      this.rollback();
      throw error;
    }
  }

  /** Closes the database. Nothing may be asked of it afterwards. */
  close(): void {
    this.#prepared.clear();
    this.#database.close();
  }

  #read(statement: Statement, parameters: readonly SqlValue[]): SqlRow | undefined {
    return this.#prepare(statement).get(...bound(parameters));
  }

  #version(): number {
    const row = this.row(HAS_SCHEMA, []) === undefined ? undefined : this.row(VERSION, []);
    const found = row === undefined ? 0 : integerOf(row, "version");
    if (found > MIGRATIONS.length) throw new MetadataSchemaError({ found, known: MIGRATIONS.length });
    return found;
  }

  #step({ statement, parameters, wants }: Step): StepResult {
    const prepared = this.#prepare(statement);
    const values = bound(parameters);
    if (wants === "changes") return { rows: NO_ROWS, changes: Number(prepared.run(...values).changes) };
    if (wants === "rows") return { rows: prepared.all(...values), changes: 0 };
    const row = prepared.get(...values);
    return { rows: row === undefined ? NO_ROWS : [row], changes: 0 };
  }

  #execute(statement: Statement): void {
    this.#prepare(statement).run();
  }

  #prepare(statement: Statement): StatementSync {
    let prepared = this.#prepared.get(statement);
    if (prepared === undefined) {
      prepared = this.#database.prepare(statement.text(sqliteDialect).replaceAll(/\$(\d+)/g, "?$1"));
      this.#prepared.set(statement, prepared);
    }
    return prepared;
  }
}

function bound(parameters: readonly SqlValue[]): SQLInputValue[] {
  return parameters.map((value) => (isList(value) ? JSON.stringify(value) : value));
}

function isList(value: SqlValue): value is readonly string[] {
  return Array.isArray(value);
}
