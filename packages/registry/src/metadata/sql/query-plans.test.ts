import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "vitest";
import { blobStatements } from "./blobs.ts";
import { sqliteDialect } from "./dialect.ts";
import { manifestStatements } from "./manifests.ts";
import { migrationScript, migrationsTable } from "./migrations/migrations.ts";
import { queueStatements } from "./queues.ts";
import { referrerStatements } from "./referrers.ts";
import { repositoryStatements } from "./repositories.ts";
import type { Statement } from "./statement.ts";
import { tagStatements } from "./tags.ts";
import { uploadStatements } from "./uploads.ts";

const groups = {
  blobStatements,
  manifestStatements,
  queueStatements,
  referrerStatements,
  repositoryStatements,
  tagStatements,
  uploadStatements,
};
const statements = Object.values(groups).flatMap((group) => Object.values<Statement>(group));

const database = new DatabaseSync(":memory:");
database.exec(migrationsTable(sqliteDialect) + migrationScript(sqliteDialect, 0, 0));

/** Scans that end with the page or go over the few manifests just pushed, and sorts of one manifest's own references. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  "blob.known": ["SCAN manifests USING INDEX manifests_unexported"],
  "manifest.unexported": ["SCAN m USING INDEX manifests_unexported"],
  "repository.buried": ["SCAN repositories USING INDEX repositories_deleted"],
  "queue.blobs-of-manifest": ["USE TEMP B-TREE FOR DISTINCT", "USE TEMP B-TREE FOR ORDER BY"],
  "queue.children-of-manifest": ["USE TEMP B-TREE FOR DISTINCT", "USE TEMP B-TREE FOR ORDER BY"],
};

/** Steps that read rows without looking one up, or sort them. A list given as a parameter is no table. */
function scans(statement: Statement): string[] {
  const steps = database.prepare(`EXPLAIN QUERY PLAN ${statement.text(sqliteDialect).replaceAll(/\$(\d+)/g, "?$1")}`).all();
  return steps
    .map((step) => String(step["detail"]))
    .filter((detail) => /^SCAN|TEMP B-TREE|AUTOMATIC/.test(detail) && !detail.includes("VIRTUAL TABLE"));
}

describe("query plans", () => {
  test("[server/SQ25] statement names are unique, since PostgreSQL keeps prepared statements by name", () => {
    const names = statements.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  test.each(statements.map((statement) => [statement.name, statement] as const))(
    "[server/SQ25] %s looks rows up and sorts none",
    (name, statement) => {
      expect(scans(statement)).toEqual(ALLOWED[name] ?? []);
    },
  );
});
