import { parseDigest } from "@berth/oci";
import type { TagHistoryRecord } from "../records.ts";
import { manifestStatements } from "./manifests.ts";
import { change, getRow, type Program } from "./program.ts";
import { queueManifest } from "./queues.ts";
import { lockRepository } from "./repositories.ts";
import { integerOf, optionalTextOf, type SqlRow, type Statement, statement, textOf } from "./statement.ts";
import type { StoreContext } from "./store-context.ts";

type TagStatementName =
  | "lock"
  | "insert"
  | "move"
  | "find"
  | "remove"
  | "remember"
  | "list"
  | "ofDigest"
  | "ofManifest"
  | "history"
  | "digests";

/** Statements of this file, for the test of their plans. */
export const tagStatements: Readonly<Record<TagStatementName, Statement>> = {
  lock: statement("tag.lock", ({ forUpdate }) => `SELECT manifest_id FROM tags WHERE repo_id = $1 AND name = $2 ${forUpdate("tags")}`),
  insert: statement(
    "tag.insert",
    "INSERT INTO tags (repo_id, name, manifest_id, updated_at) VALUES ($1, $2, $3, $4) ON CONFLICT (repo_id, name) DO NOTHING",
  ),
  move: statement("tag.move", "UPDATE tags SET manifest_id = $3, updated_at = $4 WHERE repo_id = $1 AND name = $2"),
  find: statement(
    "tag.find",
    ({ forUpdate }) =>
      `SELECT t.repo_id, t.manifest_id, m.digest FROM tags t JOIN manifests m ON m.id = t.manifest_id
       WHERE t.repo_id = (SELECT id FROM repositories WHERE name = $1) AND t.name = $2 ${forUpdate("t")}`,
  ),
  remove: statement("tag.remove", "DELETE FROM tags WHERE repo_id = $1 AND name = $2"),
  remember: statement("tag.remember", "INSERT INTO tag_history (repo_id, name, digest, op, at, actor) VALUES ($1, $2, $3, $4, $5, $6)"),
  list: statement(
    "tag.list",
    "SELECT name FROM tags WHERE repo_id = (SELECT id FROM repositories WHERE name = $1) AND name > $2 ORDER BY name LIMIT $3",
  ),
  ofDigest: statement(
    "tag.of-digest",
    `SELECT name FROM tags
     WHERE manifest_id = (SELECT id FROM manifests WHERE repo_id = (SELECT id FROM repositories WHERE name = $1) AND digest = $2)
       AND name > $3 ORDER BY name LIMIT $4`,
  ),
  ofManifest: statement("tag.of-manifest", "SELECT name FROM tags WHERE manifest_id = $1 ORDER BY name"),
  history: statement(
    "tag.history",
    `SELECT digest, op, at, actor FROM tag_history
     WHERE repo_id = (SELECT id FROM repositories WHERE name = $1) AND name = $2 ORDER BY id DESC LIMIT $3`,
  ),
  digests: statement(
    "tag.digests",
    `SELECT digest FROM manifests WHERE repo_id = (SELECT id FROM repositories WHERE name = $1) AND digest IN (
       SELECT h.digest FROM tag_history h WHERE h.repo_id = (SELECT id FROM repositories WHERE name = $1) AND h.name = $2)
     ORDER BY digest`,
  ),
};

/** Where a tag is and what it shall point at. */
export interface TagTarget {
  /** Of the repository's row. */
  readonly repositoryId: number;
  readonly tag: string;
  /** Of the manifest's row. */
  readonly manifestId: number;
  readonly digest: string;
  /** Name of who did it; undefined: nobody had signed in. */
  readonly actor: string | undefined;
}

/** Points a tag at a manifest, remembers it and queues the manifest that it pointed at. Nothing changes when it points there already. */
export function* pointTag(context: StoreContext, { repositoryId, tag, manifestId, digest, actor }: TagTarget): Program<void> {
  const now = context.now();
  for (;;) {
    const current = yield* getRow(tagStatements.lock, repositoryId, tag);
    if (current === undefined) {
      if ((yield* change(tagStatements.insert, repositoryId, tag, manifestId, now)) === 1) break;
      continue; // another process was faster: its row is there to be locked
    }
    const former = integerOf(current, "manifest_id");
    if (former === manifestId) return;
    yield* change(tagStatements.move, repositoryId, tag, manifestId, now);
    yield* queueManifest(context, former, "retagged");
    break;
  }
  yield* change(tagStatements.remember, repositoryId, tag, digest, "set", now, actor ?? null);
}

/** See `MetadataStore.setTag`. */
export function* setTag(
  context: StoreContext,
  repository: string,
  tag: string,
  digest: string,
  actor: string | undefined,
): Program<boolean> {
  const repositoryId = yield* lockRepository(repository);
  if (repositoryId === undefined) return false;
  const row = yield* getRow(manifestStatements.lock, repositoryId, digest);
  if (row === undefined) return false;
  yield* pointTag(context, { repositoryId, tag, manifestId: integerOf(row, "id"), digest, actor });
  return true;
}

/** See `MetadataStore.deleteTag`. */
export function* deleteTag(context: StoreContext, repository: string, tag: string, actor: string | undefined): Program<boolean> {
  const row = yield* getRow(tagStatements.find, repository, tag);
  if (row === undefined) return false;
  const repositoryId = integerOf(row, "repo_id");
  yield* change(tagStatements.remove, repositoryId, tag);
  yield* change(tagStatements.remember, repositoryId, tag, textOf(row, "digest"), "delete", context.now(), actor ?? null);
  yield* queueManifest(context, integerOf(row, "manifest_id"), "untagged");
  return true;
}

/** Reads a row of `tag.history`. */
export function tagHistoryRecord(row: SqlRow): TagHistoryRecord {
  return {
    digest: parseDigest(textOf(row, "digest")),
    operation: textOf(row, "op") === "set" ? "set" : "delete",
    at: new Date(integerOf(row, "at")),
    actor: optionalTextOf(row, "actor"),
  };
}
