import type { SectionSchema } from "./schema.ts";

/** `auth` (G7, V2). */
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
      kind: "any",
      secret: true,
      doc: "Bearer tokens of a token server.",
      effect: { kind: "refused", note: "token authentication is not built yet, and without it the registry would be open to everybody" },
    },
    silly: {
      kind: "any",
      doc: "Distribution's pretended authentication, for tests.",
      effect: { kind: "refused", note: "this controller is not built yet, and without it the registry would be open to everybody" },
    },
  },
};
