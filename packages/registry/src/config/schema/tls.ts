import { checkCipherSuite } from "../cipher-suites.ts";
import type { SectionSchema } from "./schema.ts";

/** `http.tls` (G10). */
export const TLS_SCHEMA: SectionSchema = {
  kind: "section",
  doc: "HTTPS.",
  keys: {
    certificate: { kind: "string", doc: "PEM file of the certificate and its chain." },
    key: { kind: "string", doc: "PEM file of its private key." },
    clientcas: {
      kind: "list",
      item: { kind: "string", doc: "A PEM file." },
      doc: "Authorities that sign client certificates; without any, none is asked for.",
    },
    clientauth: {
      kind: "choice",
      values: ["request-client-cert", "require-any-client-cert", "verify-client-cert-if-given", "require-and-verify-client-cert"],
      default: "require-and-verify-client-cert",
      doc: "What is asked of a client's certificate, when `clientcas` is set.",
    },
    minimumtls: {
      kind: "choice",
      values: ["tls1.0", "tls1.1", "tls1.2", "tls1.3"],
      default: "tls1.2",
      doc: "The oldest version that is spoken; tls1.0 and tls1.1 are raised to tls1.2.",
    },
    ciphersuites: {
      kind: "list",
      item: { kind: "string", check: checkCipherSuite, doc: "An IANA name." },
      doc: "Cipher suites for TLS 1.2, most wanted first; TLS 1.3 has its own.",
    },
    letsencrypt: {
      kind: "section",
      doc: "Certificates from an ACME authority.",
      keys: {
        cachefile: { kind: "string", doc: "Folder of the certificates." },
        email: { kind: "string", doc: "The account's address." },
        hosts: { kind: "list", item: { kind: "string", doc: "A host." }, doc: "Hosts to ask certificates for." },
        directoryurl: { kind: "string", doc: "The authority." },
      },
    },
  },
};
