import { test } from "vitest";
import type { SqlEngine } from "../sql/engine.ts";
import { createMetadataStore } from "../sql/create-metadata-store.ts";
import { change } from "../sql/program.ts";
import { type SqlRow, type SqlValue, type Statement, statement } from "../sql/statement.ts";
import type { MetadataStore } from "../store.ts";
import { digestOf } from "./fixtures.ts";

/** One empty database for one test. */
export interface TestDatabase {
  /** Connects, as another process would; the schema is up to date. */
  connect(): Promise<SqlEngine>;
  /** Removes the database; its connections are closed by then. */
  remove(): Promise<void>;
}

/** What the suite needs to know of an implementation. */
export interface MetadataStoreSuite {
  /** Makes an empty database. */
  create(): Promise<TestDatabase>;
  /** Why two connections cannot share a database, where they cannot. */
  readonly unshared?: string;
}

/** Grace of the stores under test. Milliseconds. */
export const GRACE_MS = 1000;

/** What a test works with. */
export interface Bench {
  readonly store: MetadataStore;
  /** A second process on the same database; the same store where the database cannot be shared. */
  readonly other: MetadataStore;
  /** The time that both stores believe in. */
  readonly clock: { now: number };
  /** Reads rows past the store. */
  rows(sql: string, ...parameters: readonly SqlValue[]): Promise<readonly SqlRow[]>;
  /** Changes rows past the store, as the collector will. */
  change(sql: string, ...parameters: readonly SqlValue[]): Promise<number>;
}

/** Declares a test that gets an empty database. */
export type BenchTest = (title: string, body: (bench: Bench) => Promise<void>) => void;

/** A {@link BenchTest} over databases of `suite`; everything is closed and removed after each test. */
export function benchTest(suite: MetadataStoreSuite): BenchTest {
  return (title, body) => {
    test(title, async () => {
      const database = await suite.create();
      const engines: SqlEngine[] = [];
      const clock = { now: 1_700_000_000_000 };
      const open = async (): Promise<MetadataStore> => {
        const engine = await database.connect();
        engines.push(engine);
        return createMetadataStore(engine, { now: () => clock.now, graceMs: GRACE_MS });
      };
      try {
        const store = await open();
        const other = suite.unshared === undefined ? await open() : store;
        const [engine] = engines;
        if (engine === undefined) throw new Error("no engine");
        // PostgreSQL knows prepared statements by name, so every text needs one of its own.
        const ask = (sql: string): Statement => statement(`test.${digestOf(sql).slice(-16)}`, sql);
        await body({
          store,
          other,
          clock,
          rows: (sql, ...parameters) => engine.readRows(ask(sql), parameters),
          change: (sql, ...parameters) => engine.write(() => change(ask(sql), ...parameters)),
        });
      } finally {
        for (const engine of engines) await engine.close();
        await database.remove();
      }
    });
  };
}
