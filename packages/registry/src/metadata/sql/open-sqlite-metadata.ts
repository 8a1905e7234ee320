import { dirname } from "node:path";
import { makeFolder } from "@berth/oci/node";
import { MetadataUnavailableError } from "../errors.ts";
import type { MetadataStore } from "../store.ts";
import { migrateMetadataStore, type MetadataStoreOptions } from "./create-metadata-store.ts";
import { openSqliteEngine, type SqliteEngineOptions } from "./sqlite-engine.ts";

/** Options of {@link openSqliteMetadata}. */
export interface OpenSqliteMetadataOptions extends SqliteEngineOptions, MetadataStoreOptions {}

/**
 * Opens metadata in a SQLite file, making the file and its folder where needed and bringing the schema up to date. `:memory:` keeps it in
 * memory, for tests and for embedding.
 *
 * @throws {MetadataUnavailableError} when the file cannot be opened.
 * @throws {MetadataSchemaError} when a newer version made it.
 */
export async function openSqliteMetadata(options: OpenSqliteMetadataOptions): Promise<MetadataStore> {
  if (options.path !== ":memory:") {
    await makeFolder(dirname(options.path)).catch((cause: unknown) => {
      const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown reason";
      throw new MetadataUnavailableError(`the folder of the database cannot be made: ${code}`, { cause });
    });
  }
  return await migrateMetadataStore(await openSqliteEngine(options), options);
}
