import type { Command } from "commander";

/** What `--help` says of a command beside its flags. */
export interface CommandHelp {
  /** Whole sentences, for what the flags do not say. */
  readonly text?: string;
  /** Command lines, each with what it does. */
  readonly examples: readonly (readonly [line: string, does: string])[];
  /** What `--format json` gives, by name: `layers[].digest`. Users rely on it. */
  readonly output?: Readonly<Record<string, string>>;
}

/** Adds what teaches to a command's help. */
export function addHelp(command: Command, { text, examples, output }: CommandHelp): Command {
  const parts: string[] = [];
  if (text !== undefined) parts.push(text);
  parts.push(`Examples:\n${columns(examples)}`);
  if (output !== undefined) parts.push(`Fields of --format json:\n${columns(Object.entries(output))}`);
  return command.addHelpText("after", `\n${parts.join("\n\n")}\n`);
}

function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.min(60, Math.max(...rows.map(([name]) => name.length)));
  return rows.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`.trimEnd()).join("\n");
}
