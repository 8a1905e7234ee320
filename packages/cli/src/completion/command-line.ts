import type { Argument, Command, Option } from "commander";
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

/** The argument that the word behind these of a command is; undefined: it takes no more. */
export function argumentAfter(command: Command, words: readonly string[]): Argument | undefined {
  const given = words.filter((word, at) => (word === "-" || !word.startsWith("-")) && flagOf(command, words[at - 1]) === undefined);
  const { registeredArguments } = command;
  const last = registeredArguments.at(-1);
  return registeredArguments[given.length] ?? (last?.variadic === true ? last : undefined);
}

/** What a word stands for. */
export type WordKind = "file" | "folder" | "place" | "other";

/** What an argument stands for, or the value of a flag, by what the help calls it. A `path` is one in an image. */
export function wordKind(word: Argument | Option): WordKind {
  const name = "flags" in word ? (/[<[]([^>\]]+)/.exec(word.flags)?.[1] ?? "") : word.name();
  if (/^file\b/.test(name)) return "file";
  if (name === "folder") return "folder";
  return PLACES.has(name) ? "place" : "other";
}

const PLACES: ReadonlySet<string> = new Set([
  "after",
  "before",
  "destination",
  "host",
  "layout",
  "place",
  "reference",
  "registry",
  "source",
  "subject",
]);

/** Candidates among the values of an argument or a flag that are known beforehand. */
export function knownValues(word: Argument | Option, start: string): readonly Candidate[] {
  const known = word.argChoices ?? KNOWN_VALUES["flags" in word ? (word.long ?? "") : ""] ?? [];
  return known.filter((value) => value.startsWith(start)).map((value) => ({ value, meaning: "" }));
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
