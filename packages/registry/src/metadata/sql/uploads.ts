import { CANONICAL_ALGORITHM, isDigestAlgorithm } from "@berth/oci";
import type { ClaimedUpload, UploadRecord } from "../records.ts";
import { change, getRow, type Program } from "./program.ts";
import { integerOf, optionalTextOf, type SqlRow, type Statement, statement, textOf } from "./statement.ts";
import type { StoreContext } from "./store-context.ts";

const COLUMNS = "id, repository, size, version, hash_alg, storage_key, started_at, updated_at, expires_at";
// A session is over once its time is, unless somebody writes to it: then nobody can claim what the purge is about to remove.
const ALIVE = "(expires_at > $3 OR lease_until > $3)";

type UploadStatementName = "insert" | "find" | "lock" | "claim" | "checkpoint" | "remove" | "expired" | "known";

/** Statements of this file, for the test of their plans. */
export const uploadStatements: Readonly<Record<UploadStatementName, Statement>> = {
  insert: statement(
    "upload.insert",
    `INSERT INTO uploads (id, repository, size, version, hash_alg, storage_key, started_at, updated_at, expires_at)
     VALUES ($1, $2, 0, 0, $3, $4, $5, $5, $6)`,
  ),
  find: statement("upload.find", `SELECT ${COLUMNS} FROM uploads WHERE id = $1 AND repository = $2 AND ${ALIVE}`),
  lock: statement(
    "upload.lock",
    ({ forUpdate }) =>
      `SELECT ${COLUMNS}, lease_owner, lease_until FROM uploads WHERE id = $1 AND repository = $2 AND ${ALIVE} ${forUpdate("uploads")}`,
  ),
  claim: statement("upload.claim", "UPDATE uploads SET lease_owner = $2, lease_until = $3, version = $4 WHERE id = $1"),
  checkpoint: statement(
    "upload.checkpoint",
    `UPDATE uploads SET size = $3, version = version + 1, storage_key = COALESCE($4, storage_key), updated_at = $5, expires_at = $6,
       lease_until = $7, lease_owner = CASE WHEN CAST($7 AS BIGINT) IS NULL THEN NULL ELSE lease_owner END
     WHERE id = $1 AND version = $2 RETURNING version`,
  ),
  remove: statement("upload.remove", "DELETE FROM uploads WHERE repository = $1 AND id = $2"),
  expired: statement(
    "upload.expired",
    `SELECT ${COLUMNS} FROM uploads WHERE expires_at < $1 AND (lease_until IS NULL OR lease_until <= $1) ORDER BY expires_at, id LIMIT $2`,
  ),
  known: statement("upload.known", ({ isOneOf }) => `SELECT id FROM uploads WHERE ${isOneOf("id", "$1")}`),
};

/** Input of {@link createUpload}. */
export type UploadInput = Pick<UploadRecord, "id" | "repository" | "algorithm" | "storageKey"> & { readonly ttlMs: number };

/** Input of {@link checkpointUpload}. */
export interface CheckpointInput {
  /** The session's. */
  readonly id: string;
  /** The one that the writer knows of. */
  readonly version: number;
  /** Bytes that are durable. */
  readonly size: number;
  /** Where the bytes are from now on; default: where they were. */
  readonly storageKey?: string;
  /** Milliseconds from now that the writer keeps the session; 0: it lets go. */
  readonly leaseMs: number;
  /** Milliseconds from now until the session ends when nothing is written. */
  readonly ttlMs: number;
}

/** See `MetadataStore.createUpload`. */
export function* createUpload(context: StoreContext, { id, repository, algorithm, storageKey, ttlMs }: UploadInput): Program<UploadRecord> {
  const now = context.now();
  yield* change(uploadStatements.insert, id, repository, algorithm, storageKey, now, now + ttlMs);
  const at = new Date(now);
  return { id, repository, size: 0, version: 0, algorithm, storageKey, startedAt: at, updatedAt: at, expiresAt: new Date(now + ttlMs) };
}

/** See `MetadataStore.claimUpload`. */
export function* claimUpload(
  context: StoreContext,
  {
    repository,
    id,
    owner,
    leaseMs,
  }: { readonly repository: string; readonly id: string; readonly owner: string; readonly leaseMs: number },
): Program<ClaimedUpload | "held" | undefined> {
  const now = context.now();
  const row = yield* getRow(uploadStatements.lock, id, repository, now);
  if (row === undefined) return undefined;
  const upload = uploadRecord(row);
  const holder = optionalTextOf(row, "lease_owner");
  if (holder !== undefined && holder !== owner && integerOf(row, "lease_until") > now) return "held";
  // A new owner gets a new version: the checkpoints of the former one come to nothing from now on.
  const version = holder === owner ? upload.version : upload.version + 1;
  yield* change(uploadStatements.claim, id, owner, now + leaseMs, version);
  return { ...upload, version, takenOver: holder !== undefined && holder !== owner };
}

/** See `MetadataStore.checkpointUpload`. */
export function* checkpointUpload(
  context: StoreContext,
  { id, version, size, storageKey, leaseMs, ttlMs }: CheckpointInput,
): Program<number | undefined> {
  const now = context.now();
  const leaseUntil = leaseMs === 0 ? null : now + leaseMs;
  const row = yield* getRow(uploadStatements.checkpoint, id, version, size, storageKey ?? null, now, now + ttlMs, leaseUntil);
  return row === undefined ? undefined : integerOf(row, "version");
}

/** Reads a row of the statements above. */
export function uploadRecord(row: SqlRow): UploadRecord {
  const algorithm = textOf(row, "hash_alg");
  return {
    id: textOf(row, "id"),
    repository: textOf(row, "repository"),
    size: integerOf(row, "size"),
    version: integerOf(row, "version"),
    algorithm: isDigestAlgorithm(algorithm) ? algorithm : CANONICAL_ALGORITHM,
    storageKey: textOf(row, "storage_key"),
    startedAt: new Date(integerOf(row, "started_at")),
    updatedAt: new Date(integerOf(row, "updated_at")),
    expiresAt: new Date(integerOf(row, "expires_at")),
  };
}
