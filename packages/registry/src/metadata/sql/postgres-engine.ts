import type { Pool, PoolClient, PoolConfig, QueryResult } from "pg";
import { MetadataSchemaError, MetadataUnavailableError } from "../errors.ts";
import { postgresDialect } from "./dialect.ts";
import type { Durability, SqlEngine } from "./engine.ts";
import { migrationScript, migrationsTable, SCHEMA_VERSION } from "./migrations/migrations.ts";
import { fromPostgresError, isConflict } from "./postgres-errors.ts";
import type { Program, StepResult } from "./program.ts";
import { withRetries } from "./retry.ts";
import type { SqlRow, SqlValue, Statement } from "./statement.ts";

const DEFAULT_CONNECTIONS = 10;
const DEFAULT_CONNECT_TIMEOUT_MS = 5_000;
const DEFAULT_STATEMENT_TIMEOUT_MS = 30_000;
/** What a query may take on top of the server's own limit before the connection counts as dead. */
const SILENCE_MS = 5_000;
/** Any number, the same for every process: who holds it may change the schema. */
const MIGRATION_LOCK = 7_236_451;
const INT8 = 20;

const BEGIN: Readonly<Record<Durability, string>> = {
  durable: "BEGIN ISOLATION LEVEL READ COMMITTED",
  relaxed: "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL synchronous_commit TO off",
};

/** Options of {@link openPostgresEngine}. */
export interface PostgresEngineOptions {
  /** `postgres://user:password@host:port/database?sslmode=...`; what it leaves out comes from the `PG*` environment variables. */
  readonly url: string;
  /** Connections of this process at most; default 10. */
  readonly connections?: number;
  /** Milliseconds to wait for a connection; default 5,000. */
  readonly connectTimeoutMs?: number;
  /** Milliseconds that one statement may take; default 30,000. */
  readonly statementTimeoutMs?: number;
  /** What every write is worth at most; default `durable`, which leaves `synchronous_commit` as the server has it. */
  readonly durability?: Durability;
}

/** Opens a pool of connections to a PostgreSQL database. Nothing is connected yet. The driver is loaded here, not before. */
export async function openPostgresEngine(options: PostgresEngineOptions): Promise<SqlEngine> {
  const { default: pg } = await import("pg");
  const types = new pg.TypeOverrides();
  types.setTypeParser(INT8, parseInteger);
  const statementTimeoutMs = options.statementTimeoutMs ?? DEFAULT_STATEMENT_TIMEOUT_MS;
  const config: PoolConfig = {
    connectionString: options.url,
    application_name: "berth",
    max: options.connections ?? DEFAULT_CONNECTIONS,
    connectionTimeoutMillis: options.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS,
    statement_timeout: statementTimeoutMs,
    query_timeout: statementTimeoutMs + SILENCE_MS,
    idle_in_transaction_session_timeout: statementTimeoutMs + SILENCE_MS,
    keepAlive: true,
    pipeline: true,
    types,
  };
  return new PostgresEngine(new pg.Pool(config), options.durability ?? "durable");
}

/** Every program is a transaction on a connection of its own, a round trip a step; `BEGIN` travels with the first step. */
class PostgresEngine implements SqlEngine {
  readonly #pool: Pool;
  readonly #bestDurability: Durability;
  readonly #texts = new Map<Statement, string>();
  #closing: Promise<void> | undefined;

  constructor(pool: Pool, durability: Durability) {
    this.#pool = pool;
    this.#bestDurability = durability;
    // A connection that breaks is reported by whoever uses it; one that is idle is replaced when it is needed.
    pool.on("error", () => undefined);
    pool.on("connect", (client) => client.on("error", () => undefined));
  }

  async readRow(statement: Statement, parameters: readonly SqlValue[]): Promise<SqlRow | undefined> {
    return (await this.readRows(statement, parameters))[0];
  }

  async readRows(statement: Statement, parameters: readonly SqlValue[]): Promise<readonly SqlRow[]> {
    const client = await this.#connect();
    let broken = false;
    try {
      return (await this.#step(client, statement, parameters)).rows;
    } catch (error) {
      broken = error instanceof MetadataUnavailableError;
      throw error;
    } finally {
      client.release(broken);
    }
  }

  async write<T>(program: () => Program<T>, durability: Durability = "durable"): Promise<T> {
    const begin = BEGIN[this.#bestDurability === "relaxed" ? "relaxed" : durability];
    return await this.#inTransaction(begin, async (client) => {
      const running = program();
      let next = running.next();
      while (next.done !== true) next = running.next(await this.#step(client, next.value.statement, next.value.parameters));
      return next.value;
    });
  }

  async migrate(): Promise<void> {
    await this.#inTransaction(BEGIN.durable, async (client) => {
      await run(client, `SELECT pg_advisory_xact_lock(${MIGRATION_LOCK})`);
      await run(client, migrationsTable(postgresDialect));
      const { rows } = await run(client, "SELECT COALESCE(MAX(version), 0) AS version FROM schema_migrations");
      const found = Number(rows[0]?.["version"]);
      if (found > SCHEMA_VERSION) throw new MetadataSchemaError({ found, known: SCHEMA_VERSION });
      if (found < SCHEMA_VERSION) await run(client, migrationScript(postgresDialect, found, Date.now()));
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#pool.end();
    return this.#closing;
  }

  /** Runs `work` between `begin` and COMMIT, anew after a conflict with another transaction. */
  async #inTransaction<T>(begin: string, work: (client: PoolClient) => Promise<T>): Promise<T> {
    try {
      return await withRetries(() => this.#attempt(begin, work), isConflict);
    } catch (error) {
      throw isConflict(error) ? new MetadataUnavailableError("the database is busy", { cause: error }) : error;
    }
  }

  async #attempt<T>(begin: string, work: (client: PoolClient) => Promise<T>): Promise<T> {
    const client = await this.#connect();
    let broken = true;
    try {
      const begun = run(client, begin);
      begun.catch(() => undefined); // when it fails so does the first step, and we wait for it below
      const result = await work(client);
      await begun;
      await run(client, "COMMIT");
      broken = false;
      return result;
    } catch (error) {
      if (!(error instanceof MetadataUnavailableError)) {
        await run(client, "ROLLBACK");
        broken = false;
      }
      throw error;
    } finally {
      client.release(broken);
    }
  }

  async #connect(): Promise<PoolClient> {
    if (this.#closing !== undefined) throw new MetadataUnavailableError("the database is closed");
    try {
      return await this.#pool.connect();
    } catch (cause) {
      throw new MetadataUnavailableError("no connection to the database", { cause });
    }
  }

  async #step(client: PoolClient, statement: Statement, parameters: readonly SqlValue[]): Promise<StepResult> {
    let text = this.#texts.get(statement);
    if (text === undefined) this.#texts.set(statement, (text = statement.text(postgresDialect)));
    const { rows, rowCount } = await run(client, { name: statement.name, text, values: [...parameters] });
    return { rows, changes: rowCount ?? 0 };
  }
}

async function run(client: PoolClient, query: string | { name: string; text: string; values: SqlValue[] }): Promise<QueryResult<SqlRow>> {
  try {
    return await client.query<SqlRow>(query);
  } catch (error) {
    throw fromPostgresError(error);
  }
}

/** Counters and sizes fit a double exactly; what does not is damage. */
function parseInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`Cannot read integer "${text}": beyond 2^53`);
  return value;
}
