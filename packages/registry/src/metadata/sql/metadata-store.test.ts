import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeMetadataStore } from "../testing/describe-metadata-store.ts";
import type { SqlEngine } from "./engine.ts";
import { openSqliteEngine } from "./sqlite-engine.ts";

async function connect(path: string): Promise<SqlEngine> {
  const engine = await openSqliteEngine({ path });
  await engine.migrate();
  return engine;
}

describeMetadataStore("a SQLite file", {
  async create() {
    const folder = await mkdtemp(join(tmpdir(), "berth-metadata-"));
    return { connect: () => connect(join(folder, "metadata.db")), remove: () => rm(folder, { recursive: true }) };
  },
});

describeMetadataStore("SQLite in memory", {
  unshared: "a database in memory belongs to its connection",
  create: async () => ({ connect: () => connect(":memory:"), remove: async () => undefined }),
});
