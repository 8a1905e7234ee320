export { MetadataSchemaError, MetadataUnavailableError } from "./errors.ts";
export type {
  BlobInput,
  BlobPlacement,
  BlobRecord,
  ClaimedUpload,
  CommitBlobResult,
  ManifestInput,
  ManifestRecord,
  ManifestReferenceInput,
  ManifestSummary,
  PageRequest,
  PutManifestResult,
  ReferrerRecord,
  TagHistoryRecord,
  UploadRecord,
} from "./records.ts";
export type { MetadataStoreOptions } from "./sql/create-metadata-store.ts";
export type { Dialect } from "./sql/dialect.ts";
export type { Durability, SqlEngine } from "./sql/engine.ts";
export { openPostgresMetadata, type OpenPostgresMetadataOptions } from "./sql/open-postgres-metadata.ts";
export { openSqliteMetadata, type OpenSqliteMetadataOptions } from "./sql/open-sqlite-metadata.ts";
export type { PostgresEngineOptions } from "./sql/postgres-engine.ts";
export type { Program, Step, StepResult } from "./sql/program.ts";
export type { SqliteEngineOptions } from "./sql/sqlite-engine.ts";
export type { SqlRow, SqlValue, Statement } from "./sql/statement.ts";
export type { ManifestKey, MetadataStore } from "./store.ts";
