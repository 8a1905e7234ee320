import type { Command } from "commander";
import type { RunOptions } from "../run-options.ts";

/** Makes a command: arguments, flags, examples and what it does. Name, aliases and summary come from its row. */
export type MakeCommand = (options: RunOptions) => Command;

/** One command of the table. Nothing of it is loaded before it is wanted. */
export interface CommandRow {
  /** What is typed, without the name of its group: one word. */
  readonly name: string;
  /** Other names, such as those that other tools have for it. */
  readonly aliases?: readonly string[];
  /** What stands beside the name in a list: a few words, lower case, no full stop. */
  readonly summary: string;
  /** The heading that it stands under in `berth --help`. */
  readonly group?: string;
  /** Whether lists leave it out. */
  readonly hidden?: true;
  /** Loads the module of the command. */
  load(): Promise<MakeCommand>;
}

/** A command that only holds others: `berth manifest`. */
export interface CommandGroup extends Omit<CommandRow, "load"> {
  readonly commands: readonly CommandRow[];
}

/** What a table holds. */
export type CommandEntry = CommandRow | CommandGroup;

/** True for a command that holds others. */
export function isGroup(entry: CommandEntry): entry is CommandGroup {
  return "commands" in entry;
}
