import { parseDigest } from "@berth/oci";
import type { ManifestRecord, ManifestSummary } from "../records.ts";
import { bytesOf, integerOf, keptStatement, type SqlRow, type Statement, statement, textOf } from "./statement.ts";

const BY_TAG = `FROM repositories r
  JOIN tags t ON t.repo_id = r.id AND t.name = $2
  JOIN manifests m ON m.id = t.manifest_id
  WHERE r.name = $1`;
const BY_DIGEST = "FROM repositories r JOIN manifests m ON m.repo_id = r.id AND m.digest = $2 WHERE r.name = $1";
const SUMMARY = "m.id, m.digest, m.media_type, m.size";

type ManifestStatementName =
  | "statByTag"
  | "statByDigest"
  | "findByTag"
  | "findByDigest"
  | "list"
  | "predecessors"
  | "unexported"
  | "markExported"
  | "lock"
  | "lockToDelete"
  | "insert"
  | "remove"
  | "heldBlobs"
  | "heldManifests"
  | "insertReferences";

/** Statements that read manifests, and those that lock, insert and delete one. */
export const manifestStatements: Readonly<Record<ManifestStatementName, Statement>> = {
  statByTag: keptStatement("manifest.stat-by-tag", `SELECT ${SUMMARY} ${BY_TAG}`),
  statByDigest: keptStatement("manifest.stat-by-digest", `SELECT ${SUMMARY} ${BY_DIGEST}`),
  findByTag: keptStatement("manifest.find-by-tag", `SELECT ${SUMMARY}, m.payload ${BY_TAG}`),
  findByDigest: keptStatement("manifest.find-by-digest", `SELECT ${SUMMARY}, m.payload ${BY_DIGEST}`),
  list: statement(
    "manifest.list",
    "SELECT digest FROM manifests WHERE repo_id = (SELECT id FROM repositories WHERE name = $1) AND digest > $2 ORDER BY digest LIMIT $3",
  ),
  predecessors: statement(
    "manifest.predecessors",
    `SELECT ${SUMMARY} FROM manifests m WHERE m.id IN (
       SELECT DISTINCT f.manifest_id FROM manifest_refs f
       WHERE f.repo_id = (SELECT id FROM repositories WHERE name = $1) AND f.digest = $2 ORDER BY f.manifest_id LIMIT $3)
     ORDER BY m.id`,
  ),
  unexported: statement("manifest.unexported", `SELECT ${SUMMARY}, m.payload FROM manifests m WHERE m.exported = 0 ORDER BY m.id LIMIT $1`),
  markExported: statement("manifest.mark-exported", "UPDATE manifests SET exported = 1 WHERE id = $1 AND exported = 0"),

  lock: statement(
    "manifest.lock",
    ({ forKeyShare }) => `SELECT id FROM manifests WHERE repo_id = $1 AND digest = $2 ${forKeyShare("manifests")}`,
  ),
  lockToDelete: statement(
    "manifest.lock-to-delete",
    ({ forUpdate }) => `SELECT id FROM manifests WHERE repo_id = $1 AND digest = $2 ${forUpdate("manifests")}`,
  ),
  insert: statement(
    "manifest.insert",
    `INSERT INTO manifests (repo_id, digest, media_type, size, artifact_type, config_media_type, subject_digest, annotations_json, pushed_at, pushed_by,
       exported, payload)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, $11) ON CONFLICT (repo_id, digest) DO NOTHING RETURNING id`,
  ),
  remove: statement("manifest.remove", "DELETE FROM manifests WHERE id = $1"),

  heldBlobs: statement(
    "manifest.held-blobs",
    ({ isOneOf, forShare }) =>
      // The link is asked for blob by blob, whatever a planner may think of a repository with many: a scalar subquery is never turned round.
      `SELECT d.digest FROM blob_digests d CROSS JOIN blobs b
       WHERE ${isOneOf("d.digest", "$2")} AND b.id = d.blob_id AND b.state = 'live'
         AND (SELECT 1 FROM repo_blobs l WHERE l.repo_id = $1 AND l.blob_id = d.blob_id) = 1
       ${forShare("b", "b.canonical")}`,
  ),
  heldManifests: statement(
    "manifest.held-manifests",
    ({ isOneOf, forShare }) =>
      `SELECT digest FROM manifests WHERE repo_id = $1 AND ${isOneOf("digest", "$2")} ${forShare("manifests", "digest")}`,
  ),
  insertReferences: statement(
    "manifest.insert-references",
    ({ jsonEntries }) =>
      `INSERT INTO manifest_refs (manifest_id, repo_id, position, kind, digest, media_type, size, platform_json, urls_json)
       SELECT CAST($1 AS BIGINT), CAST($2 AS BIGINT), CAST(value->>0 AS BIGINT), value->>1, value->>2, value->>3, CAST(value->>4 AS BIGINT), value->>5, value->>6
       FROM ${jsonEntries("$3")}`,
  ),
};

/** Reads a row that has the columns of a summary. */
export function manifestSummary(row: SqlRow): ManifestSummary {
  return {
    id: integerOf(row, "id"),
    digest: parseDigest(textOf(row, "digest")),
    mediaType: textOf(row, "media_type"),
    size: integerOf(row, "size"),
  };
}

/** Reads a row that has the payload too. */
export function manifestRecord(row: SqlRow): ManifestRecord {
  return { ...manifestSummary(row), payload: bytesOf(row, "payload") };
}
