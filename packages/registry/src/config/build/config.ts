import type { LogLevel } from "../../observability/log.ts";
import type { ConfigReader } from "../reader.ts";
import type { LogConfig, RegistryConfig } from "../registry-config.ts";
import { AnyValue } from "../validate.ts";
import { buildAuth } from "./auth.ts";
import { buildHttp } from "./http.ts";
import { buildMetadata, buildStorage, buildUploads } from "./storage.ts";
import { buildManifests, buildValidation } from "./validation.ts";

/** Turns checked values into the typed configuration, saying what is wrong between keys on the way. */
export function buildConfig(read: ConfigReader): RegistryConfig {
  const version = read.text("version");
  if (version !== "" && version !== "0.1") read.say("version", `unsupported version: "${version.slice(0, 80)}"`, "error");
  checkMiddleware(read);
  const storage = buildStorage(read);
  const metadata = buildMetadata(read, storage.driver);
  const workers = read.number("workers");
  if (workers > 1 && (storage.driver.kind === "inmemory" || (metadata.kind === "sqlite" && metadata.path === ":memory:"))) {
    read.say("workers", "must be 1 with anything in memory: processes do not share it", "error");
  }
  return {
    log: buildLog(read),
    storage,
    metadata,
    auth: buildAuth(read),
    http: buildHttp(read),
    uploads: buildUploads(read),
    manifests: buildManifests(read),
    validation: buildValidation(read),
    catalog: { maxEntries: read.number("catalog.maxentries") || 1000 },
    tags: { maxTags: read.number("tags.maxtags") || 1000 },
    workers,
  };
}

const LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/** `log` (G2). */
function buildLog(read: ConfigReader): LogConfig {
  const level = read.optionalText("log.level") ?? read.optionalText("loglevel");
  const formatter = read.text("log.formatter");
  return {
    level: LEVELS.find((known) => known === level) ?? "info",
    formatter: formatter === "json" || formatter === "logstash" ? formatter : "text",
    fields: Object.fromEntries(read.entries("log.fields").map(([key, value]) => [key, value instanceof AnyValue ? value.value : value])),
    accessLog: !read.flag("log.accesslog.disabled"),
  };
}

const STORAGE_MIDDLEWARE: readonly string[] = ["cloudfront", "redirect", "rewrite"];

/** `middleware` (G8): a name nobody knows is an error, for it may have been there to guard something. */
function checkMiddleware(read: ConfigReader): void {
  for (const kind of ["registry", "repository", "storage"]) {
    for (const [index, entry] of read.sections(`middleware.${kind}`).entries()) {
      const name = entry["name"];
      if (entry["disabled"] === true || typeof name !== "string") continue;
      const path = `middleware.${kind}.${index}`;
      if (kind === "storage" && STORAGE_MIDDLEWARE.includes(name))
        read.say(path, "has no effect yet: blobs are sent by the registry itself", "warning");
      else read.say(`${path}.name`, `is not a known ${kind} middleware, got "${name.slice(0, 80)}"`, "error");
    }
  }
}
