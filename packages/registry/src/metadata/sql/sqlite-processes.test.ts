import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { digestOf, REPOSITORY } from "../testing/fixtures.ts";
import { openSqliteMetadata } from "./open-sqlite-metadata.ts";

const PROGRAM = fileURLToPath(new URL("../testing/push-until-killed.ts", import.meta.url));

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "berth-processes-"));
  path = join(folder, "metadata.db");
});
afterEach(() => rm(folder, { recursive: true }));

/** Runs the program; `acknowledged` fills with the numbers that it prints. Killed after `killAfter` of them, if given. */
async function push(name: string, count: number, killAfter = Infinity): Promise<readonly string[]> {
  const child: ChildProcess = spawn(process.execPath, ["--conditions=berth-source", PROGRAM, path, name, String(count)], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, NODE_OPTIONS: "" },
  });
  const acknowledged: string[] = [];
  if (child.stdout === null) throw new Error("no output");
  const closed = once(child, "close");
  for await (const line of createInterface(child.stdout)) {
    acknowledged.push(line);
    if (acknowledged.length === killAfter) child.kill("SIGKILL");
  }
  const [code] = await closed;
  expect(code).toBe(killAfter === Infinity ? 0 : null);
  return acknowledged;
}

/** What must hold in any database, whatever happened to the processes that wrote it. */
function expectConsistent(): void {
  const database = new DatabaseSync(path);
  const none = (sql: string) => expect(database.prepare(sql).all()).toEqual([]);
  expect(database.prepare("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
  none("PRAGMA foreign_key_check");
  none("SELECT id FROM manifests m WHERE (SELECT COUNT(*) FROM manifest_refs WHERE manifest_id = m.id) <> 1");
  none("SELECT id FROM manifests m WHERE NOT EXISTS (SELECT 1 FROM tags WHERE manifest_id = m.id)");
  none(
    "SELECT digest FROM manifest_refs f WHERE NOT EXISTS (SELECT 1 FROM blob_digests d JOIN repo_blobs l ON l.blob_id = d.blob_id WHERE d.digest = f.digest)",
  );
  none("SELECT id FROM blobs b WHERE NOT EXISTS (SELECT 1 FROM gc_blob_queue WHERE blob_id = b.id)");
  database.close();
}

describe("processes on one SQLite file", () => {
  test("[server/SQ24] a process killed in the middle of pushes loses nothing acknowledged and leaves nothing half done", async () => {
    for (const killAfter of [1, 7, 40, 200]) {
      const name = `kill-${killAfter}`;
      const acknowledged = await push(name, 100_000, killAfter);
      expectConsistent();
      const store = await openSqliteMetadata({ path });
      for (const i of acknowledged) {
        expect(await store.statManifest(REPOSITORY, { tag: `${name}-${i}` })).toMatchObject({ digest: digestOf(`${name} ${i}`) });
        expect(await store.findBlob(REPOSITORY, digestOf(`${name} layer ${i}`))).toBeDefined();
      }
      await store.close();
    }
  });

  test("[server/SQ24] three processes push into one repository at the same time, and all of it is there", async () => {
    const names = ["a", "b", "c"];
    const acknowledged = await Promise.all(names.map((name) => push(name, 100)));
    expect(acknowledged.map((lines) => lines.length)).toEqual([100, 100, 100]);
    expectConsistent();
    const store = await openSqliteMetadata({ path });
    expect(await store.listTags(REPOSITORY, { limit: 1000 })).toHaveLength(301);
    expect(await store.listTagHistory(REPOSITORY, "latest", 1000)).toHaveLength(300);
    expect(await store.listExpiredUploads(new Date(Date.now() + 120_000), 10)).toEqual([]);
    await store.close();
  });
});
