import type { Program } from "./program.ts";
import type { SqlRow, SqlValue, Statement } from "./statement.ts";

/**
 * How far a commit must have got before its caller hears of it.
 *
 * - `durable`: it outlives a power cut.
 * - `relaxed`: it outlives a crash of our process; a power cut may take the last moments, never out of order. For what its owner can
 *   make again, like an upload session that just began.
 */
export type Durability = "durable" | "relaxed";

/** A database that runs statements and programs. All of it throws `MetadataUnavailableError` when it is busy, full or out of reach. */
export interface SqlEngine {
  /** The first row of a statement that only reads. */
  readRow(statement: Statement, parameters: readonly SqlValue[]): Promise<SqlRow | undefined>;
  /** The rows of a statement that only reads. */
  readRows(statement: Statement, parameters: readonly SqlValue[]): Promise<readonly SqlRow[]>;
  /** Runs a program as one transaction. `program` is called again when the transaction has to start anew. Default: durable. */
  write<T>(program: () => Program<T>, durability?: Durability): Promise<T>;
  /** Brings the schema up to date. @throws {MetadataSchemaError} when the database is newer than this code. */
  migrate(): Promise<void>;
  /** Lets running transactions end, then lets go of the database. Idempotent. */
  close(): Promise<void>;
}
