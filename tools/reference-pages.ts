import { Readable, Writable } from "node:stream";
import { type CommandIo, loadProgram, run } from "@berth/cli";
import { ERROR_CODES } from "@berth/oci";
import { CONFIG_SCHEMA, type ConfigSchema, type SectionSchema } from "@berth/registry/config";

/** The generated pages of the manual: path from the root of the repository, and text. */
export async function referencePages(): Promise<ReadonlyMap<string, string>> {
  return new Map([
    ["docs/reference/cli.md", await commandsPage()],
    ["docs/reference/configuration.md", configurationPage(CONFIG_SCHEMA)],
    ["docs/reference/errors.md", errorsPage()],
    ["docs/reference/http-api.md", await httpApiPage()],
  ]);
}

const GENERATED = "<!-- Made by `npm run reference` from the code: change that. -->";

/** What every command says of itself under `--help`. */
export async function commandsPage(): Promise<string> {
  const lines = ["# Commands", "", GENERATED];
  const stack = [await loadProgram({ io: commandIo([]) })];
  for (let command = stack.pop(); command !== undefined; command = stack.pop()) {
    stack.push(...command.commands.toReversed());
    const names: string[] = [];
    for (let at: typeof command | null = command; at !== null; at = at.parent) names.unshift(at.name());
    lines.push("", `## \`${names.join(" ")}\``, "", "```text", (await outputOf(...names.slice(1), "--help")).trimEnd(), "```");
  }
  return `${lines.join("\n")}\n`;
}

/** Describes every route, as `berth api-describe` does. */
export async function httpApiPage(): Promise<string> {
  return `# HTTP API\n\n${GENERATED}\n\n${await outputOf("api-describe", "--format", "markdown")}`;
}

async function outputOf(...args: string[]): Promise<string> {
  const written: string[] = [];
  const code = await run(args, { io: commandIo(written) });
  if (code !== 0) throw new Error(`berth ${args.join(" ")} exits ${code}`);
  return written.join("");
}

function commandIo(written: string[]): CommandIo {
  const stdout = new Writable({ decodeStrings: false, write: (text: string, _encoding, done) => done(void written.push(text)) });
  return { stdin: Readable.from([]), stdout, stderr: process.stderr, env: {}, signal: new AbortController().signal };
}

/** Describes every key of a configuration file, one section of the page for each section of the file. */
export function configurationPage(root: SectionSchema): string {
  const lines = [
    "# Configuration reference",
    "",
    GENERATED,
    "",
    "Every key of the file. How file, variables and flags go together is in [configuration](../operations/configuration.md).",
    "Keys marked + are ours; the others are those of distribution's config.yml 0.1.",
  ];
  addSection(lines, "", root);
  return `${lines.join("\n")}\n`;
}

/** Describes every wire error code. */
export function errorsPage(): string {
  const lines = [
    "# Error codes",
    "",
    GENERATED,
    "",
    "What stands in `errors[].code` of an answer. Those of the distribution-spec, and those (\\*) that the reference registry adds.",
    "",
  ];
  lines.push("| code | status | when |", "|---|---|---|");
  for (const row of ERROR_CODES.values()) {
    lines.push(`| \`${row.code}\`${row.source === "spec" ? "" : " \\*"} | ${row.status} | ${cell(row.description)} |`);
  }
  return `${lines.join("\n")}\n`;
}

interface Row {
  readonly name: string;
  readonly schema: ConfigSchema;
}

function addSection(lines: string[], path: string, section: SectionSchema): void {
  const rows = Object.entries(section.keys).map(([key, schema]) => ({ name: key, schema }));
  const prefix = path === "" ? "" : `${path}.`;
  if (path !== "") lines.push("", `## \`${path}\``, "", section.doc + effect(section));
  const leaves = rows.filter(({ schema }) => inner(schema) === undefined);
  if (leaves.length > 0)
    lines.push("", "| key | kind | default | what it does |", "|---|---|---|---|", ...leaves.map((row) => tableRow(row)));
  for (const { name, schema } of rows) {
    const below = inner(schema);
    if (below !== undefined) addSection(lines, `${prefix}${name}${schema.kind === "list" ? "[]" : ""}`, below);
  }
}

/** The section that a key opens: itself, or the items of its list. */
function inner(schema: ConfigSchema): SectionSchema | undefined {
  if (schema.kind === "section") return schema;
  if (schema.kind === "list" && schema.item.kind === "section")
    return { ...schema.item, doc: `${schema.doc} Each: ${schema.item.doc}`, ...effectOf(schema) };
  return undefined;
}

function effectOf(schema: ConfigSchema): Pick<ConfigSchema, "effect"> {
  return schema.effect === undefined ? {} : { effect: schema.effect };
}

function tableRow({ name, schema }: Row): string {
  const mark = schema.ours === true ? " +" : "";
  return `| \`${name}\`${mark} | ${kindText(schema)} | ${defaultText(schema)} | ${cell(schema.doc + effect(schema))} |`;
}

function kindText(schema: ConfigSchema): string {
  switch (schema.kind) {
    case "choice":
      return schema.values.map((value) => `\`${value}\``).join(", ");
    case "list":
      return `list (${kindText(schema.item)})`;
    case "map":
      return `mapping (${kindText(schema.value)})`;
    case "string":
      return "text";
    default:
      return schema.kind;
  }
}

function defaultText(schema: ConfigSchema): string {
  if ("required" in schema && schema.required === true) return "required";
  return "default" in schema && schema.default !== undefined ? `\`${schema.default}\`` : "";
}

function effect({ effect: said }: Pick<ConfigSchema, "effect">): string {
  if (said === undefined) return "";
  return ` **${{ unused: "Not needed", later: "Not built yet", refused: "Refused" }[said.kind]}**: ${said.note}.`;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}
