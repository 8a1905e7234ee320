import { Command } from "commander";
import type { RunOptions } from "../run-options.ts";
import { type CommandEntry, type CommandRow, isGroup, type MakeCommand } from "./row.ts";

/** Gives the maker of a row's command; undefined: only its name and summary are wanted. */
export type MakerOf = (row: CommandRow) => MakeCommand | undefined;

/** Builds the commands of a table: those that have a maker whole, of the others what a list shows. */
export function buildCommands(table: readonly CommandEntry[], makerOf: MakerOf, options: RunOptions): readonly Command[] {
  return table
    .filter((entry) => entry.hidden !== true || (isGroup(entry) ? entry.commands : [entry]).some((row) => makerOf(row) !== undefined))
    .map((entry) => {
      const command = isGroup(entry) ? groupCommand(entry.commands, makerOf, options) : (makerOf(entry)?.(options) ?? new Command());
      command.name(entry.name).summary(entry.summary);
      if (command.description() === "") command.description(entry.summary);
      if (entry.aliases !== undefined) command.aliases(entry.aliases);
      if (entry.group !== undefined) command.helpGroup(entry.group);
      return command;
    });
}

function groupCommand(table: readonly CommandRow[], makerOf: MakerOf, options: RunOptions): Command {
  const group = new Command();
  for (const command of buildCommands(table, makerOf, options)) group.addCommand(command);
  return group;
}
