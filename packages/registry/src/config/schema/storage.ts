import type { ConfigSchema, SectionSchema } from "./schema.ts";

/** Keys of `storage` that are not drivers (G3). */
export const RESERVED_STORAGE_KEYS: readonly string[] = ["maintenance", "cache", "delete", "redirect", "tag"];

/** `storage` (G3-G6, Q10, Q11). */
export const STORAGE_SCHEMA: SectionSchema = {
  kind: "section",
  doc: "Where blobs are kept: exactly one driver, and what goes for all of them.",
  bareWord: true,
  open: true,
  keys: {
    filesystem: {
      kind: "section",
      doc: "Blobs in a folder.",
      keys: {
        rootdirectory: { kind: "string", default: "/var/lib/registry", doc: "The folder; made when it is missing." },
        maxthreads: { kind: "integer", default: 100, min: 1, doc: "File operations at a time." },
      },
    },
    inmemory: { kind: "section", doc: "Blobs in memory, lost at exit: for tests.", keys: {} },
    s3: laterDriver("Amazon S3 and what speaks its protocol."),
    s3aws: laterDriver("Amazon S3, by its other name."),
    azure: laterDriver("Azure Blob Storage."),
    gcs: laterDriver("Google Cloud Storage."),
    oss: laterDriver("Aliyun OSS."),
    swift: laterDriver("OpenStack Swift."),
    delete: {
      kind: "section",
      doc: "Deleting manifests, tags and blobs.",
      keys: { enabled: { kind: "boolean", default: false, doc: "Allow DELETE. On when `berth serve` runs without a file." } },
    },
    redirect: {
      kind: "section",
      doc: "Sending clients to the storage for blobs; filesystem and memory never do.",
      keys: { disable: { kind: "boolean", default: false, doc: "Always send blobs through the registry." } },
    },
    maintenance: {
      kind: "section",
      doc: "Upkeep.",
      keys: {
        uploadpurging: {
          kind: "section",
          doc: "Ending upload sessions that nobody goes on with. When the section is there and enabled, all four keys are needed.",
          keys: {
            enabled: { kind: "boolean", default: true, doc: "Purge at all." },
            age: {
              kind: "duration",
              default: "168h",
              min: 1,
              doc: "Sessions without a write for this long go; `uploads.ttl` wins over it.",
            },
            interval: { kind: "duration", default: "24h", min: 1, doc: "Time between two rounds." },
            dryrun: { kind: "boolean", default: false, doc: "Only log what would go." },
          },
        },
        readonly: {
          kind: "section",
          doc: "Refusing every write with 405.",
          keys: { enabled: { kind: "boolean", default: false, doc: "Take no writes." } },
        },
      },
    },
    cache: {
      kind: "section",
      doc: "Distribution's cache of blob descriptors.",
      effect: { kind: "unused", note: "descriptors come from the metadata database, which needs no cache" },
      keys: {
        blobdescriptor: { kind: "string", doc: "`inmemory` or `redis`." },
        layerinfo: { kind: "string", doc: "The old name of `blobdescriptor`." },
        blobdescriptorsize: { kind: "integer", default: 10000, min: 0, doc: "Entries of the cache in memory; 0 for no bound." },
      },
    },
    tag: {
      kind: "section",
      doc: "Looking up tags.",
      effect: { kind: "unused", note: "tags come from one database query" },
      keys: { concurrencylimit: { kind: "integer", default: 0, min: 0, doc: "Look-ups at a time." } },
    },
  },
};

function laterDriver(doc: string): ConfigSchema {
  return { kind: "any", secret: true, doc, effect: { kind: "refused", note: "this storage driver is not built yet; use filesystem" } };
}
