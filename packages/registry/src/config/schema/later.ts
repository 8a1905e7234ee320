import type { ConfigSchema, ListSchema, MapSchema, SectionSchema } from "./schema.ts";

const headers: MapSchema = {
  kind: "map",
  secret: true,
  value: { kind: "list", item: { kind: "string", secret: true, doc: "A value." }, doc: "The values of one header." },
  doc: "Headers sent along.",
};

/** `notifications` (G12). */
export const NOTIFICATIONS_SCHEMA: SectionSchema = {
  kind: "section",
  doc: "Telling other services what happened.",
  effect: { kind: "later", note: "no notification is sent" },
  keys: {
    events: {
      kind: "section",
      variableName: "EVENTCONFIG",
      doc: "What an event holds.",
      keys: { includereferences: { kind: "boolean", default: false, doc: "List what a manifest refers to." } },
    },
    endpoints: {
      kind: "list",
      doc: "Who is told.",
      item: {
        kind: "section",
        doc: "One receiver.",
        keys: {
          name: { kind: "string", doc: "Its name." },
          disabled: { kind: "boolean", default: false, doc: "Skip it." },
          url: { kind: "string", secret: true, doc: "Where events are posted." },
          headers,
          timeout: { kind: "duration", default: "1s", doc: "For one delivery." },
          threshold: { kind: "integer", default: 10, doc: "Failures before backing off." },
          backoff: { kind: "duration", default: "1s", doc: "The pause then." },
          ignoredmediatypes: strings("Media types left out."),
          ignore: {
            kind: "section",
            doc: "What is left out.",
            keys: { mediatypes: strings("Media types."), actions: strings("Actions.") },
          },
        },
      },
    },
  },
};

/** `health` (G14). */
export const HEALTH_SCHEMA: SectionSchema = {
  kind: "section",
  doc: "Checks that take the registry out of service when they fail.",
  effect: { kind: "later", note: "these checks are not run" },
  keys: {
    storagedriver: {
      kind: "section",
      doc: "Checks the storage.",
      keys: {
        enabled: { kind: "boolean", default: false, doc: "Run it." },
        interval: { kind: "duration", default: "10s", doc: "Time between two." },
        threshold: { kind: "integer", default: 0, doc: "Failures in a row that count." },
      },
    },
    file: checks("FILECHECKERS", "Fails while a file exists.", { file: { kind: "string", doc: "The file." } }),
    http: checks("HTTPCHECKERS", "Asks a URL.", {
      uri: { kind: "string", secret: true, doc: "The URL." },
      timeout: { kind: "duration", doc: "For the answer." },
      statuscode: { kind: "integer", default: 200, doc: "The status expected." },
      headers,
    }),
    tcp: checks("TCPCHECKERS", "Opens a connection.", {
      addr: { kind: "string", doc: "Host and port." },
      timeout: { kind: "duration", doc: "For the connection." },
    }),
  },
};

/** `redis` (G13), both forms. */
export const REDIS_SCHEMA: ConfigSchema = {
  kind: "any",
  secret: true,
  doc: "A Redis that replicas share.",
  effect: { kind: "later", note: "Redis is not used" },
};

/** `proxy` (G15). */
export const PROXY_SCHEMA: SectionSchema = {
  kind: "section",
  doc: "Being a pull-through cache of another registry.",
  effect: { kind: "later", note: "nothing is fetched from the other registry, and writes are refused" },
  keys: {
    remoteurl: { kind: "string", secret: true, doc: "The other registry." },
    username: { kind: "string", doc: "User name there." },
    password: { kind: "string", secret: true, doc: "Password there." },
    exec: {
      kind: "section",
      doc: "A program that gives credentials.",
      keys: { command: { kind: "string", doc: "The program." }, lifetime: { kind: "duration", doc: "How long they are used." } },
    },
    ttl: { kind: "duration", default: "168h", doc: "How long content is kept; 0 for ever." },
    cachewritetimeout: { kind: "duration", default: "5m", doc: "For storing a blob." },
  },
};

/** `middleware` (G8). */
export const MIDDLEWARE_SCHEMA: SectionSchema = {
  kind: "section",
  doc: "Plug-ins around registry, repositories and storage.",
  keys: {
    registry: plugins("Around the registry."),
    repository: plugins("Around each repository."),
    storage: plugins("Around the storage driver."),
  },
};

/** `policy` (G17). */
export const POLICY_SCHEMA: SectionSchema = {
  kind: "section",
  doc: "What may be stored.",
  effect: { kind: "later", note: "every class of content is taken" },
  keys: {
    repository: { kind: "section", doc: "Rules for repositories.", keys: { classes: strings("Classes of content: `image`, `plugin`.") } },
  },
};

/** `reporting` (G19). */
export const REPORTING_SCHEMA: ConfigSchema = {
  kind: "any",
  secret: true,
  doc: "Error reporting services of distribution 2.",
  effect: { kind: "later", note: "distribution 3 dropped it, and nothing is reported" },
};

/** `compatibility` (G19). */
export const COMPATIBILITY_SCHEMA: ConfigSchema = {
  kind: "any",
  doc: "Schema 1 manifests of distribution 2.",
  effect: { kind: "later", note: "distribution 3 dropped it, and schema 1 manifests are refused" },
};

function strings(doc: string): ListSchema {
  return { kind: "list", item: { kind: "string", doc: "One of them." }, doc };
}

function checks(variableName: string, doc: string, keys: Readonly<Record<string, ConfigSchema>>): ListSchema {
  return {
    kind: "list",
    variableName,
    doc,
    item: {
      kind: "section",
      doc: "One check.",
      keys: {
        ...keys,
        interval: { kind: "duration", default: "10s", doc: "Time between two." },
        threshold: { kind: "integer", default: 0, doc: "Failures in a row that count." },
      },
    },
  };
}

function plugins(doc: string): ListSchema {
  return {
    kind: "list",
    doc,
    item: {
      kind: "section",
      doc: "One plug-in.",
      keys: {
        name: { kind: "string", required: true, doc: "Which." },
        disabled: { kind: "boolean", default: false, doc: "Skip it." },
        options: { kind: "any", secret: true, doc: "What it is told." },
      },
    },
  };
}
