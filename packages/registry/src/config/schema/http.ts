import { checkBaseUrl, checkPrefix, checkTrustedProxy } from "../checks.ts";
import type { SectionSchema } from "./schema.ts";
import { TLS_SCHEMA } from "./tls.ts";

/** `http` (G9, G11) and our additions to it. */
export const HTTP_SCHEMA: SectionSchema = {
  kind: "section",
  doc: "The door: where to listen and how to answer.",
  keys: {
    addr: {
      kind: "string",
      default: "127.0.0.1:5000",
      doc: "Host and port, `:5000` for every interface, port 0 for any free one; a path when `net` is `unix`.",
    },
    net: { kind: "choice", values: ["tcp", "unix"], default: "tcp", doc: "The kind of socket." },
    host: {
      kind: "string",
      check: checkBaseUrl,
      doc: "The registry's URL as clients see it, such as `https://registry.example.org`; taken from the request when not set.",
    },
    prefix: { kind: "string", default: "/", check: checkPrefix, doc: "Serve under this path; must start and end with a slash." },
    secret: {
      kind: "string",
      secret: true,
      doc: "Distribution signs upload state with it.",
      effect: { kind: "unused", note: "uploads resume on any process without a shared secret" },
    },
    relativeurls: { kind: "boolean", default: false, doc: "Send Locations without scheme and host." },
    draintimeout: { kind: "duration", default: "10s", min: 0, doc: "How long requests under way may take after SIGTERM or SIGINT." },
    headers: {
      kind: "map",
      secret: true,
      value: { kind: "list", item: { kind: "string", secret: true, doc: "A value." }, doc: "The values of one header." },
      doc: "Headers put on every answer, such as `X-Content-Type-Options: [nosniff]`.",
    },
    http2: {
      kind: "section",
      doc: "HTTP/2 over TLS.",
      keys: { disabled: { kind: "boolean", default: false, doc: "Speak HTTP/1.1 only." } },
    },
    h2c: {
      kind: "section",
      doc: "HTTP/2 without TLS.",
      keys: { enabled: { kind: "boolean", default: false, doc: "Take HTTP/2 connections that start without TLS." } },
    },
    tls: TLS_SCHEMA,
    debug: {
      kind: "section",
      doc: "A second listener for health, metrics and profiles.",
      effect: { kind: "later", note: "there is no debug listener" },
      keys: {
        addr: { kind: "string", doc: "Host and port." },
        prometheus: {
          kind: "section",
          doc: "Metrics.",
          keys: {
            enabled: { kind: "boolean", default: false, doc: "Serve them." },
            path: { kind: "string", default: "/metrics", doc: "Where." },
          },
        },
      },
    },
    trustedproxies: {
      kind: "list",
      ours: true,
      item: { kind: "string", check: checkTrustedProxy, doc: "An address, a CIDR range, or `all`." },
      doc: "Peers whose `Forwarded` and `X-Forwarded-*` headers count. Everybody's do unless set, as in distribution; an empty list trusts nobody.",
    },
    timeouts: {
      kind: "section",
      ours: true,
      doc: "How long a client may take.",
      keys: {
        headers: {
          kind: "duration",
          ours: true,
          default: "30s",
          min: 1,
          doc: "For a TLS handshake, and for the headers of a request, to be through.",
        },
        bodystall: {
          kind: "duration",
          ours: true,
          default: "60s",
          min: 1,
          doc: "Between two pieces of a body, in either direction. A slow transfer that moves is never cut.",
        },
        keepalive: { kind: "duration", ours: true, default: "75s", min: 1, doc: "Between two requests of a connection." },
      },
    },
    limits: {
      kind: "section",
      ours: true,
      doc: "How much a client may send.",
      keys: {
        headerbytes: { kind: "size", ours: true, default: "32KiB", min: 4096, doc: "Request line and headers together." },
        connections: { kind: "integer", ours: true, default: 10000, min: 0, doc: "Open connections a process; 0 for no bound." },
      },
    },
  },
};
