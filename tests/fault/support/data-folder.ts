import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { access, readdir } from "node:fs/promises";
import { join, relative } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { pipeline } from "node:stream/promises";
import { createRegistry, openSqliteMetadata, type SweepResult } from "@berth/registry";
import { createFilesystemDriver } from "@berth/storage/filesystem";

const DATABASE = "berth/metadata.db";
const BLOB = /^docker\/registry\/v2\/blobs\/(sha256|sha384|sha512)\/([0-9a-f]{2})\/([0-9a-f]+)\/data(?:\.g\d+)?$/;
/** Longer than any session lives. */
const LATER_MS = 30 * 24 * 3_600_000;

/** Sweeps the data folder of a server that is not running, as if everything in it were old. */
export async function sweepFolder(data: string, database: string = join(data, DATABASE)): Promise<SweepResult> {
  const registry = await createRegistry({
    storage: createFilesystemDriver({ rootDirectory: data }),
    metadata: await openSqliteMetadata({ path: database }),
    exportManifests: false,
  });
  try {
    return await registry.sweep({ now: new Date(Date.now() + LATER_MS), graceMs: 0, orphanBlobs: true });
  } finally {
    await registry.close();
  }
}

/** What is wrong in the data folder of a server that is not running, in words: files that nothing knows, that are not whole, or that are missing. */
export async function findStrays(data: string, database: string = join(data, DATABASE)): Promise<readonly string[]> {
  const known = knownDigests(database);
  const strays: string[] = [];
  for (const entry of await readdir(data, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const name = relative(data, path);
    if (path.startsWith(database) || entry.name === "ballast") continue;
    const [, algorithm, , hex] = BLOB.exec(name) ?? [];
    if (algorithm === undefined || hex === undefined) strays.push(`${name} is no blob`);
    else if (!known.has(`${algorithm}:${hex}`)) strays.push(`${name} is not known`);
    else if ((await hashOf(path, algorithm)) !== hex) strays.push(`${name} is not whole`);
  }
  for (const path of expectedFiles(database)) {
    if (
      !(await access(join(data, path)).then(
        () => true,
        () => false,
      ))
    )
      strays.push(`${path} is missing`);
  }
  return strays;
}

/** Complaints of SQLite about the database. */
export function checkDatabase(path: string): readonly string[] {
  const database = new DatabaseSync(path);
  try {
    const integrity = database
      .prepare("PRAGMA integrity_check")
      .all()
      .map((row) => String(row["integrity_check"]));
    const keys = database
      .prepare("PRAGMA foreign_key_check")
      .all()
      .map((row) => JSON.stringify(row));
    return [...integrity.filter((line) => line !== "ok"), ...keys];
  } finally {
    database.close();
  }
}

/** The database of a data folder. */
export function databaseOf(data: string): string {
  return join(data, DATABASE);
}

/** Files of live blobs, and of the manifests that were copied to blob storage. */
function expectedFiles(path: string): readonly string[] {
  const database = new DatabaseSync(path);
  try {
    const blobs = database
      .prepare("SELECT storage_key FROM blobs WHERE state = 'live'")
      .all()
      .map((row) => String(row["storage_key"]));
    const manifests = database.prepare("SELECT DISTINCT digest FROM manifests WHERE exported = 1 AND digest LIKE 'sha256:%'").all();
    return [
      ...blobs,
      ...manifests
        .map((row) => String(row["digest"]).slice("sha256:".length))
        .map((hex) => `docker/registry/v2/blobs/sha256/${hex.slice(0, 2)}/${hex}/data`),
    ];
  } finally {
    database.close();
  }
}

function knownDigests(path: string): ReadonlySet<string> {
  const database = new DatabaseSync(path);
  try {
    const rows = database.prepare("SELECT canonical AS digest FROM blobs UNION SELECT digest FROM manifests").all();
    return new Set(rows.map((row) => String(row["digest"])));
  } finally {
    database.close();
  }
}

async function hashOf(path: string, algorithm: string): Promise<string> {
  const hash = createHash(algorithm);
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}
