import { parseDigest } from "@berth/oci";
import type { BlobInput, BlobRecord, CommitBlobResult } from "../records.ts";
import { change, getRow, type Program } from "./program.ts";
import { queueBlob } from "./queues.ts";
import { ensureRepository } from "./repositories.ts";
import { integerOf, keptStatement, type SqlRow, type Statement, statement, textOf } from "./statement.ts";
import type { StoreContext } from "./store-context.ts";
import { uploadStatements } from "./uploads.ts";

const HELD = `FROM repositories r
  JOIN repo_blobs l ON l.repo_id = r.id
  JOIN blobs b ON b.id = l.blob_id AND b.state = 'live'
  WHERE r.name = $1 AND l.blob_id = (SELECT d.blob_id FROM blob_digests d WHERE d.digest = $2)`;

type BlobStatementName =
  | "find"
  | "lockHeld"
  | "record"
  | "placement"
  | "pending"
  | "lock"
  | "keyPending"
  | "insert"
  | "touch"
  | "revive"
  | "addDigest"
  | "link"
  | "unlink"
  | "list"
  | "repositories"
  | "known";

/** Statements of this file, for the test of their plans. */
export const blobStatements: Readonly<Record<BlobStatementName, Statement>> = {
  find: keptStatement("blob.find", `SELECT b.id, b.canonical, b.size, b.storage_key ${HELD}`),
  lockHeld: statement("blob.lock-held", ({ forShare }) => `SELECT b.id ${HELD} ${forShare("b", "b.canonical")}`),
  record: statement("blob.record", "SELECT id, canonical, size, storage_key FROM blobs WHERE id = $1"),
  placement: statement("blob.placement", "SELECT state, generation, storage_key FROM blobs WHERE canonical = $1"),
  pending: statement(
    "blob.pending",
    "SELECT 'deleting' AS state, generation, storage_key FROM pending_deletes WHERE canonical = $1 ORDER BY generation DESC LIMIT 1",
  ),
  lock: statement("blob.lock", ({ forUpdate }) => `SELECT id, state, generation FROM blobs WHERE canonical = $1 ${forUpdate("blobs")}`),
  keyPending: statement("blob.key-pending", "SELECT 1 AS one FROM pending_deletes WHERE storage_key = $1"),
  insert: statement(
    "blob.insert",
    `INSERT INTO blobs (canonical, size, state, generation, storage_key, created_at, touched_at) VALUES ($1, $2, 'live', $3, $4, $5, $5)
     ON CONFLICT (canonical) DO NOTHING RETURNING id`,
  ),
  touch: statement("blob.touch", "UPDATE blobs SET touched_at = $2 WHERE id = $1"),
  revive: statement("blob.revive", "UPDATE blobs SET state = 'live', generation = $2, storage_key = $3, touched_at = $4 WHERE id = $1"),
  addDigest: statement("blob.add-digest", "INSERT INTO blob_digests (digest, blob_id) VALUES ($1, $2) ON CONFLICT (digest) DO NOTHING"),
  link: statement(
    "blob.link",
    `INSERT INTO repo_blobs (repo_id, blob_id, digest_pushed, repository, linked_at) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (repo_id, blob_id) DO NOTHING`,
  ),
  unlink: statement(
    "blob.unlink",
    `DELETE FROM repo_blobs
     WHERE repo_id = (SELECT id FROM repositories WHERE name = $1) AND blob_id = (SELECT blob_id FROM blob_digests WHERE digest = $2)
     RETURNING blob_id`,
  ),
  list: statement(
    "blob.list",
    `SELECT digest_pushed FROM repo_blobs
     WHERE repo_id = (SELECT id FROM repositories WHERE name = $1) AND digest_pushed > $2 ORDER BY digest_pushed LIMIT $3`,
  ),
  repositories: statement(
    "blob.repositories",
    `SELECT l.repository FROM repo_blobs l JOIN repositories r ON r.id = l.repo_id AND r.deleted_at IS NULL
     WHERE l.blob_id = (SELECT blob_id FROM blob_digests WHERE digest = $1) AND l.repository > $2 ORDER BY l.repository LIMIT $3`,
  ),
  known: statement(
    "blob.known",
    ({ isOneOf }) =>
      `SELECT canonical FROM blobs WHERE ${isOneOf("canonical", "$1")}
       UNION ALL SELECT digest FROM manifests WHERE exported = 1 AND ${isOneOf("digest", "$1")}
       UNION ALL SELECT digest FROM manifests WHERE exported = 0 AND ${isOneOf("digest", "$1")}`,
  ),
};

/** Reads a row of `blob.find` or `blob.record`. */
export function blobRecord(row: SqlRow): BlobRecord {
  return {
    id: integerOf(row, "id"),
    canonical: parseDigest(textOf(row, "canonical")),
    size: integerOf(row, "size"),
    storageKey: textOf(row, "storage_key"),
  };
}

/** See `MetadataStore.commitBlob`. */
export function* commitBlob(context: StoreContext, input: BlobInput): Program<CommitBlobResult> {
  const id = yield* placeBlob(context, input);
  if (id === undefined) return { outcome: "stale" };
  yield* change(blobStatements.addDigest, input.canonical, id);
  if (input.digest !== input.canonical) yield* change(blobStatements.addDigest, input.digest, id);
  yield* linkBlob(context, input, id);
  if (input.uploadId !== undefined) yield* change(uploadStatements.remove, input.repository, input.uploadId);
  yield* queueBlob(context, id, "pushed");
  return { outcome: "linked", blob: yield* readRecord(id) };
}

/** See `MetadataStore.mountBlob`. */
export function* mountBlob(
  context: StoreContext,
  input: { readonly repository: string; readonly from: string; readonly digest: BlobInput["digest"] },
): Program<BlobRecord | undefined> {
  const held = yield* getRow(blobStatements.lockHeld, input.from, input.digest);
  if (held === undefined) return undefined;
  const id = integerOf(held, "id");
  yield* linkBlob(context, input, id);
  yield* queueBlob(context, id, "mounted");
  return yield* readRecord(id);
}

/** See `MetadataStore.unlinkBlob`. */
export function* unlinkBlob(context: StoreContext, repository: string, digest: string): Program<boolean> {
  const row = yield* getRow(blobStatements.unlink, repository, digest);
  if (row === undefined) return false;
  yield* queueBlob(context, integerOf(row, "blob_id"), "unlinked");
  return true;
}

/** The id of the live row of a blob, made or revived where needed; undefined when the caller's bytes are not where they should be. */
function* placeBlob(context: StoreContext, { canonical, size, placed }: BlobInput): Program<number | undefined> {
  const now = context.now();
  for (;;) {
    const row = yield* getRow(blobStatements.lock, canonical);
    if (row === undefined) {
      // A key whose removal is still due may lose its new bytes to the collector.
      if (placed === undefined || (yield* getRow(blobStatements.keyPending, placed.storageKey)) !== undefined) return undefined;
      const inserted = yield* getRow(blobStatements.insert, canonical, size, placed.generation, placed.storageKey, now);
      if (inserted !== undefined) return integerOf(inserted, "id");
      continue; // another process was faster: its row is there to be locked
    }
    const id = integerOf(row, "id");
    if (textOf(row, "state") === "live") {
      yield* change(blobStatements.touch, id, now);
      return id;
    }
    if (placed === undefined || placed.generation !== integerOf(row, "generation") + 1) return undefined;
    yield* change(blobStatements.revive, id, placed.generation, placed.storageKey, now);
    return id;
  }
}

function* linkBlob(
  context: StoreContext,
  { repository, digest }: { readonly repository: string; readonly digest: string },
  blobId: number,
): Program<void> {
  const repositoryId = yield* ensureRepository(context, repository);
  yield* change(blobStatements.link, repositoryId, blobId, digest, repository, context.now());
}

function* readRecord(id: number): Program<BlobRecord> {
  const row = yield* getRow(blobStatements.record, id);
  if (row === undefined) throw new Error(`Cannot read blob ${id}: it is gone in the middle of a transaction`);
  return blobRecord(row);
}
