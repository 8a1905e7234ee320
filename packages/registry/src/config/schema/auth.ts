import { SIGNING_ALGORITHMS } from "../../auth/token/verify-token.ts";
import { checkPath } from "../checks.ts";
import type { SectionSchema } from "./schema.ts";

/** `auth` (G7, V2, V4, V5). */
export const AUTH_SCHEMA: SectionSchema = {
  kind: "section",
  doc: "Who may use the registry: at most one of the sections. Without any, everybody may do everything.",
  bareWord: true,
  open: true,
  keys: {
    none: { kind: "section", doc: "Everybody may do everything.", keys: {} },
    htpasswd: {
      kind: "section",
      doc: "Users from a file of bcrypt hashes; every user may do everything.",
      keys: {
        realm: { kind: "string", required: true, doc: "The name that clients show when they ask for a password." },
        path: {
          kind: "string",
          required: true,
          doc: "The file. Made with a user `docker` and a random password, logged once, when it is missing. Changes are picked up.",
        },
      },
    },
    token: {
      kind: "section",
      doc: "Bearer tokens of a token server, whose signatures are checked; what a caller may do stands in the token.",
      keys: {
        realm: { kind: "string", doc: "The address of the token server, which clients are sent to. Required unless autoredirect is on." },
        service: {
          kind: "string",
          required: true,
          doc: "What the token server calls this registry: its tokens name it as their audience.",
        },
        issuer: { kind: "string", required: true, doc: "The name of the token server in its tokens." },
        rootcertbundle: {
          kind: "string",
          doc: "A file of certificates (PEM). Their keys are trusted, and the certificates that they sign. This or jwks is required.",
        },
        jwks: { kind: "string", doc: "A file of keys as a JSON Web Key Set." },
        autoredirect: {
          kind: "boolean",
          default: false,
          doc: "Sends clients to the host that they used, at autoredirectpath: the token server answers there too.",
        },
        autoredirectpath: {
          kind: "string",
          default: "/auth/token",
          check: checkPath,
          doc: "The path of the token server with autoredirect.",
        },
        signingalgorithms: {
          kind: "list",
          item: { kind: "choice", values: SIGNING_ALGORITHMS, doc: "An algorithm." },
          doc:
            "Algorithms that tokens may be signed with. Default: EdDSA, RS, ES and PS with 256, 384 and 512 bits. " +
            "HS256, HS384 and HS512 share a secret with the token server and have to be named.",
        },
      },
    },
    silly: {
      kind: "section",
      doc: "Only for tests: whoever sends any Authorization header may do everything.",
      keys: {
        realm: { kind: "string", required: true, doc: "The address that the challenge names." },
        service: { kind: "string", required: true, doc: "The service that the challenge names." },
      },
    },
  },
};
