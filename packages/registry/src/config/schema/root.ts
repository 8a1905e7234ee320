import { AUTH_SCHEMA } from "./auth.ts";
import { HTTP_SCHEMA } from "./http.ts";
import {
  COMPATIBILITY_SCHEMA,
  HEALTH_SCHEMA,
  MIDDLEWARE_SCHEMA,
  NOTIFICATIONS_SCHEMA,
  POLICY_SCHEMA,
  PROXY_SCHEMA,
  REDIS_SCHEMA,
  REPORTING_SCHEMA,
} from "./later.ts";
import { CATALOG_SCHEMA, TAGS_SCHEMA, VALIDATION_SCHEMA } from "./limits.ts";
import { LOG_SCHEMA } from "./log.ts";
import { MANIFESTS_SCHEMA, METADATA_SCHEMA, UPLOADS_SCHEMA, WORKERS_SCHEMA } from "./own.ts";
import type { SectionSchema } from "./schema.ts";
import { STORAGE_SCHEMA } from "./storage.ts";

/** The whole file: distribution's config.yml 0.1, and our additions under keys of their own. */
export const CONFIG_SCHEMA: SectionSchema = {
  kind: "section",
  doc: "The configuration of a registry.",
  keys: {
    version: { kind: "string", required: true, doc: "The version of the file's format: `0.1`." },
    log: LOG_SCHEMA,
    loglevel: { kind: "choice", values: ["error", "warn", "info", "debug"], doc: "The old place of `log.level`, which wins over it." },
    storage: STORAGE_SCHEMA,
    auth: AUTH_SCHEMA,
    http: HTTP_SCHEMA,
    validation: VALIDATION_SCHEMA,
    catalog: CATALOG_SCHEMA,
    tags: TAGS_SCHEMA,
    metadata: METADATA_SCHEMA,
    manifests: MANIFESTS_SCHEMA,
    uploads: UPLOADS_SCHEMA,
    workers: WORKERS_SCHEMA,
    middleware: MIDDLEWARE_SCHEMA,
    notifications: NOTIFICATIONS_SCHEMA,
    redis: REDIS_SCHEMA,
    health: HEALTH_SCHEMA,
    proxy: PROXY_SCHEMA,
    policy: POLICY_SCHEMA,
    reporting: REPORTING_SCHEMA,
    compatibility: COMPATIBILITY_SCHEMA,
  },
};
