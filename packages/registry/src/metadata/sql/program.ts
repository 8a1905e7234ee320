import type { SqlRow, SqlValue, Statement } from "./statement.ts";

/** A statement to run with its parameters. */
export interface Step {
  readonly statement: Statement;
  readonly parameters: readonly SqlValue[];
  /** What the program wants to know: its first row, all rows, or how many rows it changed. */
  readonly wants: "row" | "rows" | "changes";
}

/** What a step brought. */
export interface StepResult {
  readonly rows: readonly SqlRow[];
  /** Rows inserted, changed or deleted. */
  readonly changes: number;
}

/**
 * What a transaction does, told apart from how an engine runs it: a generator that yields statements and gets their results. So the
 * rules are written once, and run without a pause on SQLite and with a round trip a step on PostgreSQL. A program may be run again from
 * its start after a conflict, so it changes nothing outside of the database.
 */
export type Program<T> = Generator<Step, T, StepResult>;

/** Runs a statement and gives its first row. */
export function* getRow(statement: Statement, ...parameters: readonly SqlValue[]): Program<SqlRow | undefined> {
  return (yield { statement, parameters, wants: "row" }).rows[0];
}

/** Runs a statement and gives its rows. */
export function* getRows(statement: Statement, ...parameters: readonly SqlValue[]): Program<readonly SqlRow[]> {
  return (yield { statement, parameters, wants: "rows" }).rows;
}

/** Runs a statement and gives the number of rows that it changed. */
export function* change(statement: Statement, ...parameters: readonly SqlValue[]): Program<number> {
  return (yield { statement, parameters, wants: "changes" }).changes;
}
