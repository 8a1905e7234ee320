import { CommandFailure, EXIT_CODE } from "../exit-code.ts";

/** How results are written. */
export type OutputFormat =
  | { readonly kind: "text" | "json" | "yaml" }
  | { readonly kind: "go-template" | "jsonpath"; readonly expression: string };

/** Reads the value of `--format`. A text with `{{` is a template without saying so. @throws {CommandFailure} */
export function parseFormat(text: string | undefined): OutputFormat {
  if (text === undefined || text === "") return { kind: "text" };
  if (text === "text" || text === "json" || text === "yaml") return { kind: text };
  const [, kind, expression] = /^(go-template|jsonpath)=([\s\S]+)$/.exec(text) ?? [];
  if (expression !== undefined && (kind === "go-template" || kind === "jsonpath")) return { kind, expression };
  if (text.includes("{{")) return { kind: "go-template", expression: text };
  throw new CommandFailure(
    EXIT_CODE.usage,
    `cannot use --format "${text.slice(0, 100)}": expected text, json, yaml, go-template=TEMPLATE or jsonpath=PATH`,
  );
}
