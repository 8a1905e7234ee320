import { change, getRow, type Program } from "./program.ts";
import { queueStatements } from "./queues.ts";
import { integerOf, type Statement, statement } from "./statement.ts";
import type { StoreContext } from "./store-context.ts";

/** Rows that one transaction removes when a repository goes: some 10 ms of work on SQLite. */
const PURGE_ROWS = 100;

type RepositoryStatementName =
  | "find"
  | "lock"
  | "insert"
  | "list"
  | "bury"
  | "dropUploads"
  | "buried"
  | "purgeManifests"
  | "purgeLinks"
  | "purgeHistory"
  | "remove";

/** Statements of this file, for the test of their plans. */
export const repositoryStatements: Readonly<Record<RepositoryStatementName, Statement>> = {
  find: statement("repository.find", "SELECT id FROM repositories WHERE name = $1"),
  // A key share keeps the row from being deleted, not two pushes apart.
  lock: statement("repository.lock", ({ forKeyShare }) => `SELECT id FROM repositories WHERE name = $1 ${forKeyShare("repositories")}`),
  insert: statement(
    "repository.insert",
    "INSERT INTO repositories (name, created_at) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING RETURNING id",
  ),
  list: statement(
    "repository.list",
    `SELECT r.name FROM repositories r
     WHERE r.name > $1 AND r.deleted_at IS NULL AND EXISTS (SELECT 1 FROM manifests m WHERE m.repo_id = r.id)
     ORDER BY r.name LIMIT $2`,
  ),
  bury: statement("repository.bury", "UPDATE repositories SET deleted_at = $2, name = name || ' ' || id WHERE name = $1"),
  dropUploads: statement("repository.drop-uploads", "DELETE FROM uploads WHERE repository = $1"),
  buried: statement(
    "repository.buried",
    ({ forUpdate }) => `SELECT id FROM repositories WHERE deleted_at IS NOT NULL ORDER BY id LIMIT 1 ${forUpdate("repositories")}`,
  ),
  purgeManifests: statement(
    "repository.purge-manifests",
    "DELETE FROM manifests WHERE id IN (SELECT id FROM manifests WHERE repo_id = $1 ORDER BY digest LIMIT $2)",
  ),
  purgeLinks: statement(
    "repository.purge-links",
    "DELETE FROM repo_blobs WHERE repo_id = $1 AND blob_id IN (SELECT blob_id FROM repo_blobs WHERE repo_id = $1 ORDER BY blob_id LIMIT $2)",
  ),
  purgeHistory: statement(
    "repository.purge-history",
    "DELETE FROM tag_history WHERE id IN (SELECT id FROM tag_history WHERE repo_id = $1 ORDER BY name, id LIMIT $2)",
  ),
  remove: statement("repository.remove", "DELETE FROM repositories WHERE id = $1"),
};

/** The id of a repository that stays until the commit; undefined when there is none of that name. */
export function* lockRepository(name: string): Program<number | undefined> {
  const row = yield* getRow(repositoryStatements.lock, name);
  return row === undefined ? undefined : integerOf(row, "id");
}

/** As {@link lockRepository}, making it first where needed. */
export function* ensureRepository(context: StoreContext, name: string): Program<number> {
  for (;;) {
    const id = yield* lockRepository(name);
    if (id !== undefined) return id;
    // Nothing comes back when another process was faster: then the row is there to be locked.
    const inserted = yield* getRow(repositoryStatements.insert, name, context.now());
    if (inserted !== undefined) return integerOf(inserted, "id");
  }
}

/** Makes a repository vanish for every reader at once; {@link purgeRepository} removes its rows. False when unknown. */
export function* buryRepository(context: StoreContext, name: string): Program<boolean> {
  if ((yield* change(repositoryStatements.bury, name, context.now())) === 0) return false;
  yield* change(repositoryStatements.dropUploads, name);
  return true;
}

/** Removes a batch of rows of a repository that was buried, and has its blobs looked at. False when none is left to remove. */
export function* purgeRepository(context: StoreContext): Program<boolean> {
  const row = yield* getRow(repositoryStatements.buried);
  if (row === undefined) return false;
  const id = integerOf(row, "id");
  if ((yield* change(repositoryStatements.purgeManifests, id, PURGE_ROWS)) > 0) return true;
  yield* change(queueStatements.linksOf, id, context.now() + context.graceMs, "repository-deleted", PURGE_ROWS);
  if ((yield* change(repositoryStatements.purgeLinks, id, PURGE_ROWS)) > 0) return true;
  if ((yield* change(repositoryStatements.purgeHistory, id, PURGE_ROWS)) > 0) return true;
  yield* change(repositoryStatements.remove, id);
  return true;
}
