import type { SectionSchema } from "./schema.ts";

/** `log` (G2). */
export const LOG_SCHEMA: SectionSchema = {
  kind: "section",
  doc: "What is written down, and how.",
  keys: {
    level: {
      kind: "choice",
      values: ["error", "warn", "info", "debug"],
      doc: "The least urgent lines that are written; `info` unless set.",
    },
    formatter: {
      kind: "choice",
      values: ["text", "json", "logstash"],
      default: "text",
      doc: "The form of a line: logfmt, JSON, or JSON with logstash's field names.",
    },
    fields: { kind: "map", value: { kind: "any", doc: "Any value." }, doc: "Fields put on every line, such as `environment: production`." },
    reportcaller: {
      kind: "boolean",
      default: false,
      doc: "Name the line of code that logs.",
      effect: { kind: "unused", note: "lines do not name the code that wrote them" },
    },
    accesslog: {
      kind: "section",
      doc: "One Apache combined line a request, with the request's id after it, on standard output.",
      keys: { disabled: { kind: "boolean", default: false, doc: "Write no access log." } },
    },
    hooks: {
      kind: "list",
      doc: "Mail sent on log lines.",
      effect: { kind: "later", note: "no mail is sent" },
      item: {
        kind: "section",
        doc: "One hook.",
        keys: {
          type: { kind: "string", doc: "`mail`." },
          disabled: { kind: "boolean", default: false, doc: "Skip this hook." },
          levels: { kind: "list", item: { kind: "string", doc: "A level." }, doc: "The levels that send." },
          options: {
            kind: "section",
            variableName: "MAILOPTIONS",
            doc: "Where to send.",
            keys: {
              smtp: {
                kind: "section",
                doc: "The mail server.",
                keys: {
                  addr: { kind: "string", doc: "Host and port." },
                  username: { kind: "string", doc: "User name." },
                  password: { kind: "string", secret: true, doc: "Password." },
                  insecure: { kind: "boolean", default: false, doc: "Do not check the server's certificate." },
                },
              },
              from: { kind: "string", doc: "The sender." },
              to: { kind: "list", item: { kind: "string", doc: "An address." }, doc: "The receivers." },
            },
          },
        },
      },
    },
  },
};
