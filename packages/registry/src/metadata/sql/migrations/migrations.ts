import type { Dialect } from "../dialect.ts";
import { initialSchema } from "./0001-initial.ts";

/** One step of the schema. A step that was released is never edited: add the next one. */
export interface Migration {
  /** Counts from 1, without gaps. */
  readonly version: number;
  /** For people. */
  readonly name: string;
  /** Statements, each ended by a semicolon; run in one transaction. */
  script(dialect: Dialect): string;
}

/** Every step, oldest first. */
export const MIGRATIONS: readonly Migration[] = [{ version: 1, name: "initial", script: initialSchema }];

/** The version that this code works with. */
export const SCHEMA_VERSION: number = MIGRATIONS.length;

/** The table that says which steps were taken. */
export function migrationsTable({ text, integer }: Dialect): string {
  return `CREATE TABLE IF NOT EXISTS schema_migrations (version ${integer} NOT NULL PRIMARY KEY, name ${text} NOT NULL, applied_at ${integer} NOT NULL);`;
}

/** The steps that a database at `version` still needs, as one script that records them too. `now`: milliseconds since 1970 UTC. */
export function migrationScript(dialect: Dialect, version: number, now: number): string {
  return MIGRATIONS.filter((migration) => migration.version > version)
    .map(
      (migration) =>
        `${migration.script(dialect)}\nINSERT INTO schema_migrations VALUES (${migration.version}, '${migration.name}', ${now});`,
    )
    .join("\n");
}
