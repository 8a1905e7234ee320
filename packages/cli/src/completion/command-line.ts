import type { Command, Option } from "commander";
import { type CommandEntry, isGroup } from "../command/row.ts";
import type { Candidate } from "./candidate.ts";

/** Candidates among the commands of a table. */
export function commandNames(table: readonly CommandEntry[], word: string): readonly Candidate[] {
  return table
    .filter(({ hidden, name }) => hidden !== true && name.startsWith(word))
    .map(({ name, summary }) => ({ value: name, meaning: summary }));
}

/** The table that the words before the last one lead into; undefined: they name a command already, or none. */
export function tableAfter(table: readonly CommandEntry[], words: readonly string[]): readonly CommandEntry[] | undefined {
  let entries = table;
  for (const word of words) {
    const entry = entries.find(({ name, aliases = [] }) => name === word || aliases.includes(word));
    if (entry === undefined || !isGroup(entry)) return undefined;
    entries = entry.commands;
  }
  return entries;
}

/** Candidates among the flags of a command. */
export function flagNames(command: Command, word: string): readonly Candidate[] {
  return command.options
    .filter(({ hidden, long }) => !hidden && long?.startsWith(word) === true)
    .map(({ long, description }) => ({ value: long ?? "", meaning: description }));
}

/** The flag whose value a word is; undefined: it is none. */
export function flagOf(command: Command, before: string | undefined): Option | undefined {
  return command.options.find((option) => option.required && before !== undefined && (option.long === before || option.short === before));
}

/** Values of a flag that are known beforehand; `lead` is what of the word stands before the value. */
export function flagValues(option: Option, word: string, lead = ""): readonly Candidate[] {
  const known = option.argChoices ?? KNOWN_VALUES[option.long ?? ""] ?? [];
  return known.filter((value) => `${lead}${value}`.startsWith(word)).map((value) => ({ value: `${lead}${value}`, meaning: "" }));
}

const KNOWN_VALUES: Readonly<Record<string, readonly string[]>> = {
  "--algorithm": ["sha256", "sha384", "sha512"],
  "--format": ["text", "json", "yaml", "go-template=", "jsonpath="],
  "--platform": [
    "linux/amd64",
    "linux/arm64",
    "linux/arm/v7",
    "linux/386",
    "linux/ppc64le",
    "linux/riscv64",
    "linux/s390x",
    "windows/amd64",
  ],
  "--progress": ["auto", "tty", "plain", "json", "none"],
};
