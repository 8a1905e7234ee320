import { describe, expect, test } from "vitest";
import { MetadataSchemaError, MetadataUnavailableError } from "../../packages/registry/src/metadata/errors.ts";
import { openPostgresMetadata } from "../../packages/registry/src/metadata/sql/open-postgres-metadata.ts";
import { openPostgresEngine } from "../../packages/registry/src/metadata/sql/postgres-engine.ts";
import { change, getRow } from "../../packages/registry/src/metadata/sql/program.ts";
import { statement } from "../../packages/registry/src/metadata/sql/statement.ts";
import { describeMetadataStore } from "../../packages/registry/src/metadata/testing/describe-metadata-store.ts";
import { pushBlob, REPOSITORY } from "../../packages/registry/src/metadata/testing/fixtures.ts";
import { describeWithPostgres } from "./describe-with-postgres.ts";

describeWithPostgres("metadata in PostgreSQL", (server) => {
  describeMetadataStore("PostgreSQL", {
    async create() {
      const database = await server().createDatabase();
      return {
        async connect() {
          const engine = await openPostgresEngine({ url: server().url(database) });
          await engine.migrate();
          return engine;
        },
        remove: () => server().dropDatabase(database),
      };
    },
  });

  describe("openPostgresMetadata()", () => {
    test("[server/SQ24] replicas that start together make one schema", async () => {
      const url = server().url(await server().createDatabase());
      const stores = await Promise.all(Array.from({ length: 8 }, () => openPostgresMetadata({ url })));
      for (const store of stores) await store.ping();
      await Promise.all(stores.map((store) => store.close()));
    });

    test("[server/SQ1] a schema of a newer version is refused", async () => {
      const database = await server().createDatabase();
      const url = server().url(database);
      const store = await openPostgresMetadata({ url });
      await server().sql(database, "INSERT INTO schema_migrations VALUES (999, 'future', 0)");
      await expect(store.ping()).rejects.toThrow(MetadataSchemaError);
      await store.close();
      await expect(openPostgresMetadata({ url })).rejects.toThrow("its schema is version 999");
    });

    test("[server/SQ24] a lost connection is one refused call, then all goes on", async () => {
      const database = await server().createDatabase();
      const store = await openPostgresMetadata({ url: server().url(database), connections: 1 });
      await pushBlob(store, "layer");
      const engine = await openPostgresEngine({ url: server().url(database), connections: 1 });
      const kill = statement(
        "test.kill",
        "SELECT pg_terminate_backend(pid) AS done FROM pg_stat_activity WHERE datname = current_database() AND pid = pg_backend_pid()",
      );
      await expect(engine.readRow(kill, [])).rejects.toThrow(MetadataUnavailableError);
      await expect(engine.write(() => getRow(kill))).rejects.toThrow(MetadataUnavailableError);
      expect(await engine.readRow(statement("test.one", "SELECT 1 AS one"), [])).toEqual({ one: 1 });
      await engine.close();
      await server().sql("postgres", `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${database}'`);
      // Whether the pool has heard of it by now is a race, so the first call may go either way.
      await store.ping().catch((error: unknown) => expect(error).toBeInstanceOf(MetadataUnavailableError));
      expect(await store.hasRepository(REPOSITORY)).toBe(true);
      await store.close();
      await expect(store.ping()).rejects.toThrow("the database is closed");
    });

    test("[server/SQ24] a server out of reach is unavailable, without its address in the message", async () => {
      const opening = openPostgresMetadata({ url: "postgres://user:secret@127.0.0.1:1/none" });
      await expect(opening).rejects.toThrow(MetadataUnavailableError);
      await expect(opening).rejects.toThrow(/^Cannot reach metadata: no connection to the database$/);
    });

    test("[server/SQ24] a program that met another transaction is run again, five times at most", async () => {
      const engine = await openPostgresEngine({ url: server().url(await server().createDatabase()) });
      const raise = (state: string) =>
        statement(`test.raise-${state}`, `DO $$ BEGIN RAISE EXCEPTION 'met' USING ERRCODE = '${state}'; END $$`);
      const meet = async (state: string, times: number): Promise<number> => {
        let runs = 0;
        await engine.write(function* meeting() {
          runs++;
          if (runs <= times) yield* change(raise(state));
        });
        return runs;
      };
      expect(await meet("40001", 2)).toBe(3);
      expect(await meet("40P01", 1)).toBe(2);
      await expect(meet("40001", Infinity)).rejects.toThrow("Cannot reach metadata: the database is busy");
      await expect(meet("22012", 1)).rejects.toThrow("met");
      await engine.close();
    });
  });
});
