import type { Dialect } from "./dialect.ts";

/** What a parameter may be. A list of texts goes with {@link Dialect.isOneOf}. */
export type SqlValue = string | number | Uint8Array | readonly string[] | null;

/** One row, by column name. Integers are safe integers, on either engine. */
export type SqlRow = Readonly<Record<string, unknown>>;

/** One statement of SQL, prepared once a connection. Parameters are `$1`, `$2`, ... */
export interface Statement {
  /** Unique among all statements: PostgreSQL keeps prepared statements by name. */
  readonly name: string;
  /** Its SQL, in the words of an engine. */
  text(dialect: Dialect): string;
  /** Its rows may be kept in memory until the database changes. For reads that are hot and whose parameters do not vary with time. */
  readonly isKept?: boolean;
}

/** Declares a statement. Name it `noun.verb`. */
export function statement(name: string, text: string | ((dialect: Dialect) => string)): Statement {
  return { name, text: typeof text === "string" ? () => text : text };
}

/** Declares a statement whose rows may be kept; see {@link Statement.isKept}. */
export function keptStatement(name: string, text: string | ((dialect: Dialect) => string)): Statement {
  return { ...statement(name, text), isKept: true };
}

/** The text of a column. @throws {TypeError} when it is something else, which only a wrong statement can cause. */
export function textOf(row: SqlRow, column: string): string {
  const value = row[column];
  return typeof value === "string" ? value : wrongType(column);
}

/** As {@link textOf}, with undefined for NULL. */
export function optionalTextOf(row: SqlRow, column: string): string | undefined {
  return row[column] === null ? undefined : textOf(row, column);
}

/** The integer of a column. @throws {TypeError} when it is something else. */
export function integerOf(row: SqlRow, column: string): number {
  const value = row[column];
  return typeof value === "number" ? value : wrongType(column);
}

/** The bytes of a column. @throws {TypeError} when it is something else. */
export function bytesOf(row: SqlRow, column: string): Uint8Array {
  const value = row[column];
  return value instanceof Uint8Array ? value : wrongType(column);
}

function wrongType(column: string): never {
  throw new TypeError(`Cannot read column "${column}": unexpected type`);
}
