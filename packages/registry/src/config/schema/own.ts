import { checkPostgresUrl } from "../checks.ts";
import type { IntegerSchema, SectionSchema } from "./schema.ts";

/** `metadata`: ours. */
export const METADATA_SCHEMA: SectionSchema = {
  kind: "section",
  ours: true,
  doc: "Where names, tags and manifests are kept: SQLite beside the blobs, or PostgreSQL for several machines.",
  keys: {
    sqlite: {
      kind: "section",
      ours: true,
      doc: "A database file of this machine.",
      keys: {
        path: {
          kind: "string",
          ours: true,
          doc: "The file; `berth/metadata.db` in the storage folder, or `:memory:` with storage in memory, unless set.",
        },
        durability: {
          kind: "choice",
          ours: true,
          values: ["full", "normal"],
          default: "full",
          doc: "`full`: what was acknowledged survives a power cut. `normal`: it survives a crash of the process.",
        },
      },
    },
    postgres: {
      kind: "section",
      ours: true,
      doc: "A PostgreSQL database that all replicas share.",
      keys: {
        url: {
          kind: "string",
          ours: true,
          secret: true,
          required: true,
          check: checkPostgresUrl,
          doc: "`postgres://user:password@host:5432/database`.",
        },
        poolsize: { kind: "integer", ours: true, default: 10, min: 1, max: 1000, doc: "Connections a process." },
      },
    },
  },
};

/** `manifests`: ours. */
export const MANIFESTS_SCHEMA: SectionSchema = {
  kind: "section",
  ours: true,
  doc: "Taking and answering manifests.",
  keys: {
    maxbytes: { kind: "size", ours: true, default: "4MiB", min: 4 << 20, doc: "The largest manifest that is taken." },
    acceptedtypes: {
      kind: "list",
      ours: true,
      item: { kind: "string", doc: "A media type." },
      doc: "The media types that may be pushed, in place of the built-in list.",
    },
    strictaccept: {
      kind: "boolean",
      ours: true,
      default: false,
      doc: "Answer 404 when Accept does not name the stored type, as distribution does.",
    },
    legacyplatform: {
      kind: "boolean",
      ours: true,
      default: true,
      doc: "Answer the linux/amd64 image of a Docker manifest list to clients that know no lists.",
    },
    maxtags: { kind: "integer", ours: true, default: 100, min: 10, max: 1000, doc: "Tags that one PUT may set with `?tag=`." },
  },
};

/** `uploads`: ours. */
export const UPLOADS_SCHEMA: SectionSchema = {
  kind: "section",
  ours: true,
  doc: "Upload sessions.",
  keys: {
    ttl: {
      kind: "duration",
      ours: true,
      min: 1000,
      doc: "A session without a write for this long is over; `storage.maintenance.uploadpurging.age` unless set.",
    },
    leaseduration: {
      kind: "duration",
      ours: true,
      default: "30s",
      min: 1000,
      doc: "How long a process that died keeps a session from being continued elsewhere.",
    },
  },
};

/** `workers`: ours. */
export const WORKERS_SCHEMA: IntegerSchema = { kind: "integer", ours: true, default: 1, min: 1, max: 256, doc: "Processes that serve." };
