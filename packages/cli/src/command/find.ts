import { type CommandEntry, type CommandRow, isGroup } from "./row.ts";

/** A command that arguments name, with the groups around it. */
export interface FoundCommand {
  /** From the outside in; the last one is the command itself, or the group that the arguments ended in. */
  readonly path: readonly CommandEntry[];
  /** What the arguments name; undefined: a group, or nothing. */
  readonly row: CommandRow | undefined;
}

/** Finds what the first words of the arguments name, by name or alias. */
export function findCommand(table: readonly CommandEntry[], args: readonly string[]): FoundCommand {
  const path: CommandEntry[] = [];
  let entries = table;
  for (const word of args) {
    const entry = entries.find(({ name, aliases = [] }) => name === word || aliases.includes(word));
    if (entry === undefined) break;
    path.push(entry);
    if (!isGroup(entry)) return { path, row: entry };
    entries = entry.commands;
  }
  return { path, row: undefined };
}
