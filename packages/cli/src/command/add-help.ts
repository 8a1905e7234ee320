import type { Command } from "commander";
import { HELP_WIDTH, twoColumns, wrapText } from "./wrap-text.ts";

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
  return command.addHelpText("after", () => {
    const width = command.configureOutput().getOutHelpWidth?.() ?? HELP_WIDTH;
    const parts: string[] = [];
    if (text !== undefined) parts.push(wrapText(text, width).join("\n"));
    parts.push(`Examples:\n${twoColumns(examples, width)}`);
    if (output !== undefined) parts.push(`Fields of --format json:\n${twoColumns(Object.entries(output), width)}`);
    return `\n${parts.join("\n\n")}\n`;
  });
}
