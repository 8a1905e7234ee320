import { type FileHandle, mkdir, mkdtemp, open as openFile, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { MetadataSchemaError, MetadataUnavailableError } from "../errors.ts";
import { digestOf, manifestInput, REPOSITORY } from "../testing/fixtures.ts";
import { createMetadataStore } from "./create-metadata-store.ts";
import { openSqliteMetadata } from "./open-sqlite-metadata.ts";
import { change, getRow } from "./program.ts";
import { openSqliteEngine } from "./sqlite-engine.ts";
import { statement } from "./statement.ts";

const CREATE = statement("test.create", "CREATE TABLE parent (id INTEGER PRIMARY KEY, data BLOB)");
const CREATE_CHILD = statement(
  "test.child",
  "CREATE TABLE child (parent INTEGER NOT NULL REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED)",
);
const INSERT = statement("test.insert", "INSERT INTO parent (id) VALUES ($1)");
const INSERT_CHILD = statement("test.insert-child", "INSERT INTO child (parent) VALUES ($1)");
const INSERT_DATA = statement("test.insert-data", "INSERT INTO parent (data) VALUES ($1)");
const COUNT = statement("test.count", "SELECT COUNT(*) AS count FROM parent");

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "berth-sqlite-"));
  path = join(folder, "metadata.db");
});
afterEach(async () => {
  vi.restoreAllMocks();
  vi.useRealTimers();
  await rm(folder, { recursive: true });
});

/** Watches the flushes of every file that is open. */
async function spyOnDatasync() {
  const handle = await openFile(path, "r");
  const prototype: FileHandle = Object.getPrototypeOf(handle);
  await handle.close();
  return vi.spyOn(prototype, "datasync");
}

/** Counts the commits in the log: the last frame of each one carries the size of the database. @see https://sqlite.org/fileformat2.html#walformat */
async function countCommits(): Promise<number> {
  const log = await readFile(`${path}-wal`);
  const pageSize = log.readUInt32BE(8);
  let commits = 0;
  for (let frame = 32; frame < log.length; frame += 24 + pageSize) if (log.readUInt32BE(frame + 4) > 0) commits++;
  return commits;
}

test("[server/SQ24] rows that are kept in memory are those of the database, also when another program changes it", async () => {
  const store = await openSqliteMetadata({ path });
  const first = manifestInput("one", { tags: ["latest"] });
  const second = manifestInput("two", {});
  await store.putManifest(first);
  await store.putManifest(second);
  const latest = async () => (await store.statManifest(REPOSITORY, { tag: "latest" }))?.digest;
  expect([await latest(), await latest()]).toEqual([first.digest, first.digest]);
  await nextTurn();
  const other = new DatabaseSync(path);
  other.prepare("UPDATE tags SET manifest_id = (SELECT id FROM manifests WHERE digest = ?)").run(second.digest);
  other.close();
  await nextTurn();
  expect(await latest()).toBe(second.digest);
  await store.setTag(REPOSITORY, "latest", first.digest);
  expect(await latest()).toBe(first.digest);
  await store.close();
});

describe("openSqliteEngine()", () => {
  async function open(durability: "durable" | "relaxed" = "durable") {
    const engine = await openSqliteEngine({ path, durability, groupMs: Infinity });
    await engine.write(() => change(CREATE));
    await engine.write(() => change(CREATE_CHILD));
    const count = async () => (await engine.readRow(COUNT, []))?.["count"];
    return { engine, count };
  }

  test("[server/SQ24] writes of one turn share a commit, and one that fails takes nothing along", async () => {
    const { engine, count } = await open();
    const before = await countCommits();
    const results = await Promise.allSettled([
      engine.write(() => change(INSERT, 1)),
      engine.write(function* twice() {
        yield* change(INSERT, 2);
        yield* change(INSERT, 1);
      }),
      engine.write(() => change(INSERT, 3)),
      engine.write(function* broken() {
        yield* change(INSERT, 4);
        throw new RangeError("ours");
      }),
    ]);
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled", "rejected"]);
    expect(results[3]).toMatchObject({ reason: new RangeError("ours") });
    expect(await countCommits()).toBe(before + 1);
    expect(await count()).toBe(2);
    await engine.close();
  });

  test("[server/SQ24] callers hear of nothing that the commit did not keep", async () => {
    const { engine, count } = await open();
    const results = await Promise.allSettled([engine.write(() => change(INSERT, 1)), engine.write(() => change(INSERT_CHILD, 99))]);
    expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(await count()).toBe(0);
    await engine.write(() => change(INSERT, 1));
    expect(await count()).toBe(1);
    await engine.close();
  });

  test("[server/SQ24] more writes than a group takes all end, in as many commits as it takes", async () => {
    const { engine, count } = await open();
    const before = await countCommits();
    await Promise.all(Array.from({ length: 700 }, (_, id) => engine.write(() => change(INSERT, id))));
    expect(await count()).toBe(700);
    expect(await countCommits()).toBe(before + 3);
    await engine.close();
  });

  test("[server/SQ24] a full disk is unavailable, loses nothing, and is over once there is room", async () => {
    const { engine, count } = await open();
    const pages = Number((await engine.readRow(statement("test.pages", "PRAGMA page_count"), []))?.["page_count"]);
    await engine.readRow(statement("test.limit", `PRAGMA max_page_count = ${pages + 2}`), []);
    const large = new Uint8Array(100_000);
    const results = await Promise.allSettled([
      engine.write(() => change(INSERT_DATA, large)),
      engine.write(() => change(INSERT_DATA, large)),
    ]);
    for (const result of results) expect(result).toMatchObject({ reason: new MetadataUnavailableError("no space left for the database") });
    expect(await count()).toBe(0);
    await engine.readRow(statement("test.unlimit", "PRAGMA max_page_count = 1000000"), []);
    await engine.write(() => change(INSERT_DATA, large));
    expect(await count()).toBe(1);
    await engine.close();
  });

  test("[server/SQ24] a busy database is tried again without standing still, then unavailable", async () => {
    const { engine, count } = await open();
    vi.useFakeTimers({ toFake: ["setTimeout"] });
    const other = new DatabaseSync(path);
    other.exec("BEGIN IMMEDIATE");
    const refused = engine.write(() => change(INSERT, 1)).catch((error: unknown) => error);
    await vi.waitUntil(() => vi.getTimerCount() === 1, 60_000);
    await vi.runAllTimersAsync(); // every retry up to the last
    expect(await refused).toEqual(new MetadataUnavailableError("the database is busy"));

    const kept = engine.write(() => change(INSERT, 2));
    await vi.waitUntil(() => vi.getTimerCount() === 1, 60_000);
    const joined = engine.write(() => change(INSERT, 3));
    other.exec("COMMIT");
    await vi.runAllTimersAsync();
    await Promise.all([kept, joined]);
    expect(await count()).toBe(2);
    other.close();
    await engine.close();
  });

  test("[server/SQ24] a durable write is heard of after the log was flushed, a relaxed one at once, and those that wait share a flush", async () => {
    const { engine, count } = await open();
    const datasync = await spyOnDatasync();
    const disk = Promise.withResolvers<undefined>();
    datasync.mockImplementationOnce(() => disk.promise);
    const heard: string[] = [];
    const write = async (id: number, durability: "durable" | "relaxed") => {
      await engine.write(() => change(INSERT, id), durability);
      heard.push(`${durability} ${id}`);
    };
    const writes = [write(1, "durable"), write(2, "relaxed")];
    await expect.poll(() => heard.length).toBe(1);
    writes.push(write(3, "durable"), write(4, "durable"));
    await expect.poll(count).toBe(4);
    expect(heard).toEqual(["relaxed 2"]);
    disk.resolve(undefined);
    await Promise.all(writes);
    expect(heard).toEqual(["relaxed 2", "durable 1", "durable 3", "durable 4"]);
    expect(datasync).toHaveBeenCalledTimes(2);
    await engine.close();
  });

  test("[server/SQ24] a disk that cannot flush the log makes durable writes unavailable, until it can", async () => {
    const { engine } = await open();
    const datasync = await spyOnDatasync();
    datasync.mockRejectedValueOnce(new Error("EIO"));
    await expect(engine.write(() => change(INSERT, 1))).rejects.toBeInstanceOf(MetadataUnavailableError);
    await engine.write(() => change(INSERT, 2));
    await engine.close();
  });

  test("[server/SQ24] an operator may relax every commit", async () => {
    const { engine } = await open("relaxed");
    const datasync = await spyOnDatasync();
    await engine.write(() => change(INSERT, 1), "durable");
    expect(datasync).not.toHaveBeenCalled();
    await engine.close();
  });

  test("[server/SQ24] close() lets waiting writes end; later calls are refused", async () => {
    const { engine } = await open();
    const write = engine.write(() => change(INSERT, 1));
    const closing = engine.close();
    expect(await write).toBe(1);
    await closing;
    await engine.close();
    await expect(engine.write(() => getRow(COUNT))).rejects.toThrow("the database is closed");
    await expect(engine.readRow(COUNT, [])).rejects.toThrow(MetadataUnavailableError);
  });
});

describe("openSqliteMetadata()", () => {
  test("[server/SQ1] what was stored is there after closing and opening again, in a folder made for it", async () => {
    const options = { path: join(folder, "new", "folder", "metadata.db") };
    const first = await openSqliteMetadata(options);
    await first.putManifest(manifestInput("m", { tags: ["t"] }));
    await first.close();
    const second = await openSqliteMetadata(options);
    await second.ping();
    expect(await second.statManifest(REPOSITORY, { tag: "t" })).toMatchObject({ digest: digestOf("m") });
    await second.close();
  });

  test("[server/SQ24] processes that start together make one schema", async () => {
    const stores = await Promise.all(Array.from({ length: 4 }, () => openSqliteMetadata({ path })));
    for (const store of stores) await store.ping();
    for (const store of stores) await store.close();
  });

  test("[server/SQ1] a schema of a newer version is refused and left alone", async () => {
    await (await openSqliteMetadata({ path })).close();
    const database = new DatabaseSync(path);
    database.exec("INSERT INTO schema_migrations VALUES (999, 'future', 0)");
    database.close();
    await expect(openSqliteMetadata({ path })).rejects.toThrow(MetadataSchemaError);
    await expect(openSqliteMetadata({ path })).rejects.toThrow(
      "Cannot use the metadata database: its schema is version 999, this program knows up to 1",
    );
  });

  test("[server/SQ1] ping() refuses a database without the schema", async () => {
    const engine = await openSqliteEngine({ path });
    await engine.write(() => change(statement("test.none", "CREATE TABLE schema_migrations (version INTEGER)")));
    const store = createMetadataStore(engine);
    await expect(store.ping()).rejects.toThrow("its schema is not up to date");
    await store.close();
  });

  test("[server/SQ24] a file that is no database, or cannot be one, is unavailable; the message has no path", async () => {
    await writeFile(path, "something else altogether, and long enough to be looked at as a header".repeat(20));
    await expect(openSqliteMetadata({ path })).rejects.toThrow(/^Cannot reach metadata: the file is not a database$/);
    await mkdir(join(folder, "taken"));
    await expect(openSqliteMetadata({ path: join(folder, "taken") })).rejects.toThrow(
      /^Cannot reach metadata: the database cannot be opened$/,
    );
    await expect(openSqliteMetadata({ path: join(path, "below", "a-file") })).rejects.toThrow(
      /^Cannot reach metadata: the folder of the database cannot be made: E[A-Z]+$/,
    );
  });
});
