import { isDigest, type Digest } from "@berth/oci";
import { MetadataSchemaError, MetadataUnavailableError } from "../errors.ts";
import type {
  BlobInput,
  BlobPlacement,
  BlobRecord,
  ClaimedUpload,
  CommitBlobResult,
  ManifestInput,
  ManifestRecord,
  ManifestSummary,
  PageRequest,
  PutManifestResult,
  ReferrerRecord,
  TagHistoryRecord,
  UploadRecord,
} from "../records.ts";
import type { ManifestKey, MetadataStore } from "../store.ts";
import { blobRecord, blobStatements, commitBlob, mountBlob, unlinkBlob } from "./blobs.ts";
import type { Durability, SqlEngine } from "./engine.ts";
import { manifestRecord, manifestStatements, manifestSummary } from "./manifests.ts";
import { SCHEMA_VERSION } from "./migrations/migrations.ts";
import { change, type Program } from "./program.ts";
import { deleteManifest, putManifest } from "./put-manifest.ts";
import { referrerRecord, referrerStatements } from "./referrers.ts";
import { buryRepository, purgeRepository, repositoryStatements } from "./repositories.ts";
import { integerOf, type SqlRow, type SqlValue, type Statement, statement, textOf } from "./statement.ts";
import type { StoreContext } from "./store-context.ts";
import { deleteTag, setTag, tagHistoryRecord, tagStatements } from "./tags.ts";
import {
  type CheckpointInput,
  checkpointUpload,
  claimUpload,
  createUpload,
  type UploadInput,
  uploadRecord,
  uploadStatements,
} from "./uploads.ts";

/** Grace of content that may be garbage, unless told otherwise: a day. */
const DEFAULT_GRACE_MS = 24 * 60 * 60 * 1000;

const VERSION = statement("schema.version", "SELECT COALESCE(MAX(version), 0) AS version FROM schema_migrations");

/** Options of {@link createMetadataStore}. */
export interface MetadataStoreOptions {
  /** Milliseconds since 1970 UTC; default `Date.now`. */
  readonly now?: () => number;
  /** Milliseconds that content which may be garbage is left alone by the collector; default 24 hours. */
  readonly graceMs?: number;
}

/** The metadata store over a database whose schema is up to date. Closing it closes the engine. */
export function createMetadataStore(engine: SqlEngine, options: MetadataStoreOptions = {}): MetadataStore {
  return new SqlMetadataStore(engine, { now: options.now ?? Date.now, graceMs: options.graceMs ?? DEFAULT_GRACE_MS });
}

/** As {@link createMetadataStore}, once the schema was brought up to date; closes the engine when it cannot be. */
export async function migrateMetadataStore(engine: SqlEngine, options: MetadataStoreOptions): Promise<MetadataStore> {
  try {
    await engine.migrate();
    return createMetadataStore(engine, options);
  } catch (error) {
    await engine.close();
    throw error;
  }
}

class SqlMetadataStore implements MetadataStore {
  readonly #sql: SqlEngine;
  readonly #context: StoreContext;

  constructor(sql: SqlEngine, context: StoreContext) {
    this.#sql = sql;
    this.#context = context;
  }

  async hasRepository(repository: string): Promise<boolean> {
    return (await this.#sql.readRow(repositoryStatements.find, [repository])) !== undefined;
  }

  listRepositories(page: PageRequest): Promise<readonly string[]> {
    return this.#texts(repositoryStatements.list, "name", [page.last ?? "", page.limit]);
  }

  async deleteRepository(repository: string): Promise<boolean> {
    const found = await this.#write((context) => buryRepository(context, repository));
    // No reader can see its rows any more. If we fail here, the next purge goes on.
    if (found) await this.purgeRepositories().catch(() => undefined);
    return found;
  }

  async purgeRepositories(): Promise<void> {
    while (await this.#write(purgeRepository, "relaxed"));
  }

  async findBlob(repository: string, digest: Digest): Promise<BlobRecord | undefined> {
    const row = await this.#sql.readRow(blobStatements.find, [repository, digest]);
    return row === undefined ? undefined : blobRecord(row);
  }

  async blobPlacement(canonical: Digest): Promise<BlobPlacement> {
    const row =
      (await this.#sql.readRow(blobStatements.placement, [canonical])) ?? (await this.#sql.readRow(blobStatements.pending, [canonical]));
    if (row === undefined) return { state: "absent" };
    const state = textOf(row, "state") === "live" ? "live" : "deleting";
    return { state, generation: integerOf(row, "generation"), storageKey: textOf(row, "storage_key") };
  }

  commitBlob(input: BlobInput): Promise<CommitBlobResult> {
    return this.#write((context) => commitBlob(context, input));
  }

  mountBlob(input: { readonly repository: string; readonly from: string; readonly digest: Digest }): Promise<BlobRecord | undefined> {
    return this.#write((context) => mountBlob(context, input));
  }

  unlinkBlob(repository: string, digest: Digest): Promise<boolean> {
    return this.#write((context) => unlinkBlob(context, repository, digest));
  }

  listBlobRepositories(digest: Digest, page: PageRequest): Promise<readonly string[]> {
    return this.#texts(blobStatements.repositories, "repository", [digest, page.last ?? "", page.limit]);
  }

  listBlobs(repository: string, page: PageRequest): Promise<readonly Digest[]> {
    return this.#digests(blobStatements.list, "digest_pushed", [repository, page.last ?? "", page.limit]);
  }

  async statManifest(repository: string, key: ManifestKey): Promise<ManifestSummary | undefined> {
    const row =
      "digest" in key
        ? await this.#sql.readRow(manifestStatements.statByDigest, [repository, key.digest])
        : await this.#sql.readRow(manifestStatements.statByTag, [repository, key.tag]);
    return row === undefined ? undefined : manifestSummary(row);
  }

  async findManifest(repository: string, key: ManifestKey): Promise<ManifestRecord | undefined> {
    const row =
      "digest" in key
        ? await this.#sql.readRow(manifestStatements.findByDigest, [repository, key.digest])
        : await this.#sql.readRow(manifestStatements.findByTag, [repository, key.tag]);
    return row === undefined ? undefined : manifestRecord(row);
  }

  putManifest(input: ManifestInput): Promise<PutManifestResult> {
    return this.#write((context) => putManifest(context, input));
  }

  deleteManifest(repository: string, digest: Digest, actor?: string): Promise<{ readonly tags: readonly string[] } | undefined> {
    return this.#write((context) => deleteManifest(context, repository, digest, actor));
  }

  listManifests(repository: string, page: PageRequest): Promise<readonly Digest[]> {
    return this.#digests(manifestStatements.list, "digest", [repository, page.last ?? "", page.limit]);
  }

  async listReferrers(query: {
    readonly repository: string;
    readonly subject: Digest;
    readonly artifactType?: string;
    readonly after?: number;
    readonly limit: number;
  }): Promise<readonly ReferrerRecord[]> {
    const parameters = [query.repository, query.subject, query.after ?? 0, query.limit];
    const rows =
      query.artifactType === undefined
        ? await this.#sql.readRows(referrerStatements.list, parameters)
        : await this.#sql.readRows(referrerStatements.listOfType, [...parameters, query.artifactType]);
    return rows.map(referrerRecord);
  }

  async listPredecessors(repository: string, digest: Digest, limit: number): Promise<readonly ManifestSummary[]> {
    return (await this.#sql.readRows(manifestStatements.predecessors, [repository, digest, limit])).map(manifestSummary);
  }

  setTag(repository: string, tag: string, digest: Digest, actor?: string): Promise<boolean> {
    return this.#write((context) => setTag(context, repository, tag, digest, actor));
  }

  deleteTag(repository: string, tag: string, actor?: string): Promise<boolean> {
    return this.#write((context) => deleteTag(context, repository, tag, actor));
  }

  async listTags(repository: string, page: PageRequest): Promise<readonly string[] | undefined> {
    const tags = await this.#texts(tagStatements.list, "name", [repository, page.last ?? "", page.limit]);
    return tags.length > 0 || (await this.hasRepository(repository)) ? tags : undefined;
  }

  listTagsOf(repository: string, digest: Digest, page: PageRequest): Promise<readonly string[]> {
    return this.#texts(tagStatements.ofDigest, "name", [repository, digest, page.last ?? "", page.limit]);
  }

  listTagDigests(repository: string, tag: string): Promise<readonly Digest[]> {
    return this.#digests(tagStatements.digests, "digest", [repository, tag]);
  }

  async listTagHistory(repository: string, tag: string, limit: number): Promise<readonly TagHistoryRecord[]> {
    return (await this.#sql.readRows(tagStatements.history, [repository, tag, limit])).map(tagHistoryRecord);
  }

  createUpload(input: UploadInput): Promise<UploadRecord> {
    return this.#write((context) => createUpload(context, input), "relaxed");
  }

  async findUpload(repository: string, id: string): Promise<UploadRecord | undefined> {
    const row = await this.#sql.readRow(uploadStatements.find, [id, repository, this.#context.now()]);
    return row === undefined ? undefined : uploadRecord(row);
  }

  claimUpload(repository: string, id: string, owner: string, leaseMs: number): Promise<ClaimedUpload | "held" | undefined> {
    return this.#write((context) => claimUpload(context, { repository, id, owner, leaseMs }), "relaxed");
  }

  checkpointUpload(input: CheckpointInput): Promise<number | undefined> {
    return this.#write((context) => checkpointUpload(context, input));
  }

  async deleteUpload(repository: string, id: string): Promise<boolean> {
    return (await this.#write(() => change(uploadStatements.remove, repository, id), "relaxed")) > 0;
  }

  async listExpiredUploads(now: Date, limit: number): Promise<readonly UploadRecord[]> {
    return (await this.#sql.readRows(uploadStatements.expired, [now.getTime(), limit])).map(uploadRecord);
  }

  async knownUploads(ids: readonly string[]): Promise<ReadonlySet<string>> {
    return new Set(await this.#texts(uploadStatements.known, "id", [ids]));
  }

  async knownBlobs(digests: readonly Digest[]): Promise<ReadonlySet<Digest>> {
    return new Set(await this.#digests(blobStatements.known, "canonical", [digests]));
  }

  async listUnexportedManifests(limit: number): Promise<readonly ManifestRecord[]> {
    return (await this.#sql.readRows(manifestStatements.unexported, [limit])).map(manifestRecord);
  }

  async markExported(ids: readonly number[]): Promise<void> {
    const sorted = ids.toSorted((a, b) => a - b);
    await this.#write(function* markExported() {
      for (const id of sorted) yield* change(manifestStatements.markExported, id);
    }, "relaxed");
  }

  async ping(): Promise<void> {
    const row = await this.#sql.readRow(VERSION, []);
    const found = row === undefined ? 0 : integerOf(row, "version");
    if (found > SCHEMA_VERSION) throw new MetadataSchemaError({ found, known: SCHEMA_VERSION });
    if (found < SCHEMA_VERSION) throw new MetadataUnavailableError("its schema is not up to date");
  }

  close(): Promise<void> {
    return this.#sql.close();
  }

  #write<T>(program: (context: StoreContext) => Program<T>, durability?: Durability): Promise<T> {
    return this.#sql.write(() => program(this.#context), durability);
  }

  async #texts(statement: Statement, column: string, parameters: readonly SqlValue[]): Promise<readonly string[]> {
    return (await this.#sql.readRows(statement, parameters)).map((row: SqlRow) => textOf(row, column));
  }

  async #digests(statement: Statement, column: string, parameters: readonly SqlValue[]): Promise<readonly Digest[]> {
    return (await this.#texts(statement, column, parameters)).filter(isDigest);
  }
}
