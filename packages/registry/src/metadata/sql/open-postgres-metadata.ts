import type { MetadataStore } from "../store.ts";
import { migrateMetadataStore, type MetadataStoreOptions } from "./create-metadata-store.ts";
import { openPostgresEngine, type PostgresEngineOptions } from "./postgres-engine.ts";

/** Options of {@link openPostgresMetadata}. */
export interface OpenPostgresMetadataOptions extends PostgresEngineOptions, MetadataStoreOptions {}

/**
 * Opens metadata in a PostgreSQL database, bringing the schema up to date. Replicas may start together.
 *
 * @throws {MetadataUnavailableError} when the server cannot be reached.
 * @throws {MetadataSchemaError} when a newer version made the schema.
 */
export async function openPostgresMetadata(options: OpenPostgresMetadataOptions): Promise<MetadataStore> {
  return await migrateMetadataStore(await openPostgresEngine(options), options);
}
