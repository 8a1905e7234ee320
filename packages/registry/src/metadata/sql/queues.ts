import { change, type Program } from "./program.ts";
import { type Statement, statement } from "./statement.ts";
import type { StoreContext } from "./store-context.ts";

/** Why the collector has to look at something. */
export type ReviewReason = "pushed" | "mounted" | "unlinked" | "untagged" | "retagged" | "manifest-deleted" | "repository-deleted";

// A row that is there already is only ever put off, so that the newest push has its whole grace.
const PUT_OFF_BLOB =
  "ON CONFLICT (blob_id) DO UPDATE SET review_after = excluded.review_after WHERE excluded.review_after > gc_blob_queue.review_after";
const PUT_OFF_MANIFEST =
  "ON CONFLICT (manifest_id) DO UPDATE SET review_after = excluded.review_after WHERE excluded.review_after > gc_manifest_queue.review_after";

type QueueStatementName = "blob" | "manifest" | "blobsOf" | "childrenOf" | "referrersOf" | "linksOf";

/** Statements of this file, for the test of their plans. */
export const queueStatements: Readonly<Record<QueueStatementName, Statement>> = {
  blob: statement("queue.blob", `INSERT INTO gc_blob_queue (blob_id, review_after, reason) VALUES ($1, $2, $3) ${PUT_OFF_BLOB}`),
  manifest: statement(
    "queue.manifest",
    `INSERT INTO gc_manifest_queue (manifest_id, review_after, reason) VALUES ($1, $2, $3) ${PUT_OFF_MANIFEST}`,
  ),
  blobsOf: statement(
    "queue.blobs-of-manifest",
    `INSERT INTO gc_blob_queue (blob_id, review_after, reason)
     SELECT DISTINCT d.blob_id, CAST($2 AS BIGINT), $3
     FROM manifest_refs f JOIN blob_digests d ON d.digest = f.digest
     WHERE f.manifest_id = $1 AND f.kind IN ('config', 'layer') ORDER BY d.blob_id
     ${PUT_OFF_BLOB}`,
  ),
  childrenOf: statement(
    "queue.children-of-manifest",
    `INSERT INTO gc_manifest_queue (manifest_id, review_after, reason)
     SELECT DISTINCT m.id, CAST($2 AS BIGINT), $3
     FROM manifest_refs f JOIN manifests m ON m.repo_id = f.repo_id AND m.digest = f.digest
     WHERE f.manifest_id = $1 AND f.kind = 'child' AND m.id <> $1 ORDER BY m.id
     ${PUT_OFF_MANIFEST}`,
  ),
  referrersOf: statement(
    "queue.referrers-of-manifest",
    `INSERT INTO gc_manifest_queue (manifest_id, review_after, reason)
     SELECT m.id, CAST($3 AS BIGINT), $4 FROM manifests m WHERE m.repo_id = $1 AND m.subject_digest = $2 ORDER BY m.id
     ${PUT_OFF_MANIFEST}`,
  ),
  linksOf: statement(
    "queue.links-of-repository",
    `INSERT INTO gc_blob_queue (blob_id, review_after, reason)
     SELECT l.blob_id, CAST($2 AS BIGINT), $3 FROM repo_blobs l WHERE l.repo_id = $1 ORDER BY l.blob_id LIMIT $4
     ${PUT_OFF_BLOB}`,
  ),
};

/** Has a blob looked at once the grace is over. */
export function queueBlob(context: StoreContext, blobId: number, reason: ReviewReason): Program<number> {
  return change(queueStatements.blob, blobId, context.now() + context.graceMs, reason);
}

/** Has a manifest looked at once the grace is over. */
export function queueManifest(context: StoreContext, manifestId: number, reason: ReviewReason): Program<number> {
  return change(queueStatements.manifest, manifestId, context.now() + context.graceMs, reason);
}

/** Has everything looked at that a manifest kept alive: its blobs, its children and its referrers. To be called before it is deleted. */
export function* queueDependants(
  context: StoreContext,
  manifest: { readonly id: number; readonly repositoryId: number; readonly digest: string },
): Program<void> {
  const due = context.now() + context.graceMs;
  yield* change(queueStatements.blobsOf, manifest.id, due, "manifest-deleted");
  yield* change(queueStatements.childrenOf, manifest.id, due, "manifest-deleted");
  yield* change(queueStatements.referrersOf, manifest.repositoryId, manifest.digest, due, "manifest-deleted");
}
