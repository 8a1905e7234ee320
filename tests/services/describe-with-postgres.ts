import { describeUnlessMissing } from "@berth/testkit/describe-with-parts";
import { afterAll, beforeAll } from "vitest";
import { findPostgres, type PostgresServer, startPostgres } from "./metadata-postgres-server.ts";

const bin = await findPostgres();
const missing = bin === undefined ? { name: "postgresql", error: new Error("Cannot find PostgreSQL: install postgresql") } : undefined;

/** A group of tests over a PostgreSQL server of their own, which is there once they run. */
export function describeWithPostgres(title: string, body: (server: () => PostgresServer) => void): void {
  describeUnlessMissing(title, missing, () => {
    let server: PostgresServer;
    beforeAll(async () => {
      server = await startPostgres(bin ?? "");
    });
    afterAll(() => server.stop());
    body(() => server);
  });
}
