import { didYouMean } from "../closest.ts";
import type { ConfigReader } from "../reader.ts";
import type { MetadataConfig, StorageConfig, StorageDriverConfig, UploadsConfig } from "../registry-config.ts";
import { RESERVED_STORAGE_KEYS, STORAGE_SCHEMA } from "../schema/storage.ts";
import { join } from "node:path";

/** `storage` (G3-G6). */
export function buildStorage(read: ConfigReader): StorageConfig {
  const cache = read.optionalText("storage.cache.blobdescriptor") ?? read.optionalText("storage.cache.layerinfo");
  if (cache === "redis" && !read.has("redis")) read.say("storage.cache", "needs a redis section: the cache is redis", "error");
  return {
    driver: buildDriver(read),
    deletesEnabled: read.flag("storage.delete.enabled"),
    redirectsEnabled: !read.flag("storage.redirect.disable"),
    // Nobody may put content where clients look for the other registry's
    readOnly: read.flag("storage.maintenance.readonly.enabled") || read.optionalText("proxy.remoteurl") !== undefined,
  };
}

function buildDriver(read: ConfigReader): StorageDriverConfig {
  const drivers = read.keys("storage").filter((key) => !RESERVED_STORAGE_KEYS.includes(key));
  const unknown = drivers.filter((key) => !Object.hasOwn(STORAGE_SCHEMA.keys, key));
  const [driver] = drivers;
  if (driver === undefined) {
    read.say("storage", "no storage configuration provided", "error");
  } else if (drivers.length > 1 && drivers.length - unknown.length === 1) {
    for (const key of unknown) read.say(`storage.${key}`, `is not a known key${hint(key, "")}`, "error");
  } else if (drivers.length > 1) {
    read.say("storage", `must provide exactly one storage type. Provided: [${[...drivers].sort().join(" ")}]`, "error");
  } else if (unknown.includes(driver)) {
    read.say(`storage.${driver}`, `is not a known storage driver${hint(driver, ": expected one of filesystem, inmemory")}`, "error");
  } else if (driver === "inmemory") {
    return { kind: "inmemory" };
  }
  return {
    kind: "filesystem",
    rootDirectory: read.text("storage.filesystem.rootdirectory"),
    maxThreads: read.number("storage.filesystem.maxthreads"),
  };
}

function hint(key: string, otherwise: string): string {
  const guess = didYouMean("storage", key, Object.keys(STORAGE_SCHEMA.keys));
  return guess === undefined ? otherwise : `: ${guess}`;
}

/** `metadata`: beside the blobs unless told otherwise. */
export function buildMetadata(read: ConfigReader, driver: StorageDriverConfig): MetadataConfig {
  const hasPostgres = read.has("metadata.postgres");
  if (hasPostgres && read.has("metadata.sqlite")) read.say("metadata", "must name one database: sqlite or postgres", "error");
  if (hasPostgres)
    return { kind: "postgres", url: read.text("metadata.postgres.url"), poolSize: read.number("metadata.postgres.poolsize") };
  const beside = driver.kind === "filesystem" ? join(driver.rootDirectory, "berth", "metadata.db") : ":memory:";
  const path = read.optionalText("metadata.sqlite.path") ?? beside;
  if ((path === ":memory:") !== (driver.kind === "inmemory")) {
    read.say(
      "metadata.sqlite.path",
      "blobs and names are not kept alike: what is in memory is lost at exit, and the rest is of no use without it",
      "warning",
    );
  }
  return { kind: "sqlite", path, durability: read.text("metadata.sqlite.durability") === "normal" ? "normal" : "full" };
}

/** `uploads` and `storage.maintenance.uploadpurging` (G4). */
export function buildUploads(read: ConfigReader): UploadsConfig {
  const purging = "storage.maintenance.uploadpurging";
  const enabled = read.flag(`${purging}.enabled`);
  if (read.has(purging) && enabled) {
    const missing = ["enabled", "age", "interval", "dryrun"].filter((key) => !read.isSet(`${purging}.${key}`));
    if (missing.length > 0) read.say(purging, `needs all of its keys when enabled: ${missing.join(", ")} missing`, "error");
  }
  return {
    ttlMs: read.optionalNumber("uploads.ttl") ?? read.number(`${purging}.age`),
    leaseMs: read.number("uploads.leaseduration"),
    purge: { enabled, intervalMs: read.number(`${purging}.interval`), dryRun: read.flag(`${purging}.dryrun`) },
  };
}
