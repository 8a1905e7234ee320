import { checkGoPattern } from "../go-pattern.ts";
import type { SectionSchema } from "./schema.ts";

/** `validation` (G16). */
export const VALIDATION_SCHEMA: SectionSchema = {
  kind: "section",
  doc: "What a pushed manifest must hold.",
  keys: {
    disabled: { kind: "boolean", doc: "Check neither external URLs nor the children of an index." },
    enabled: { kind: "boolean", doc: "The old form of `disabled`. Set to true without rules for URLs, no external URL is taken." },
    manifests: {
      kind: "section",
      doc: "Rules for manifests.",
      keys: {
        urls: {
          kind: "section",
          doc: "Rules for the `urls` of external layers, as Go regular expressions. Without any, every http and https URL is taken.",
          keys: {
            allow: {
              kind: "list",
              item: { kind: "string", check: checkGoPattern, doc: "A regular expression." },
              doc: "A URL must match one of these.",
            },
            deny: {
              kind: "list",
              item: { kind: "string", check: checkGoPattern, doc: "A regular expression." },
              doc: "A URL must match none of these.",
            },
          },
        },
        indexes: {
          kind: "section",
          doc: "Rules for image indexes.",
          keys: {
            platforms: {
              kind: "choice",
              values: ["all", "none", "list"],
              default: "all",
              doc: "Which children must exist when an index is pushed.",
            },
            platformlist: {
              kind: "list",
              doc: "The platforms that `list` checks; empty means all.",
              item: {
                kind: "section",
                doc: "A platform.",
                keys: {
                  architecture: { kind: "string", doc: "Such as `amd64`." },
                  os: { kind: "string", doc: "Such as `linux`." },
                },
              },
            },
          },
        },
        allowmissing: { kind: "boolean", ours: true, default: false, doc: "Take image manifests whose config or layers are missing." },
      },
    },
  },
};

/** `catalog` (G18). */
export const CATALOG_SCHEMA: SectionSchema = {
  kind: "section",
  doc: "The list of repositories.",
  keys: { maxentries: { kind: "integer", default: 1000, min: 0, doc: "The largest `n` that is taken; 0 means the default." } },
};

/** `tags` (G18). */
export const TAGS_SCHEMA: SectionSchema = {
  kind: "section",
  doc: "The list of tags.",
  keys: { maxtags: { kind: "integer", default: 1000, min: 0, doc: "The largest page; 0 means the default." } },
};
