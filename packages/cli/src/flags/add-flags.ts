import { type Command, Option } from "commander";
import { CONNECTION_FLAGS, OUTPUT_FLAGS, type SharedFlag, SIGN_IN_FLAGS } from "./shared-flags.ts";

/** What a command's shared flags are chosen by. */
export interface RegistryFlagOptions {
  /** Whether the command has a source and a destination, each with flags of its own; default false. */
  readonly twoSides?: boolean;
  /** False: the command has flags of its own to sign in with. */
  readonly signIn?: false;
}

/** Adds the flags by which a registry is reached and signed in to. */
export function addRegistryFlags(command: Command, options: RegistryFlagOptions = {}): Command {
  const flags = options.signIn === false ? CONNECTION_FLAGS : [...SIGN_IN_FLAGS, ...CONNECTION_FLAGS];
  for (const flag of flags) command.addOption(optionOf(flag).helpGroup("Registry options:"));
  if (options.twoSides !== true) return command;
  for (const [side, whose] of [
    ["from", "of the source"],
    ["to", "of the destination"],
  ] as const) {
    for (const { short: _, ...flag } of flags.filter(({ sided }) => sided)) {
      const one = optionOf({ ...flag, name: `${side}-${flag.name}`, doc: `--${flag.name} ${whose}` });
      command.addOption(one.helpGroup("Options of one side:"));
    }
  }
  return command;
}

/** Adds shared flags of output and pace: `addOutputFlags(command, "format", "jobs")`. */
export function addOutputFlags(command: Command, ...names: readonly (keyof typeof OUTPUT_FLAGS)[]): Command {
  for (const name of names) command.addOption(optionOf(OUTPUT_FLAGS[name]));
  return command;
}

function optionOf({ name, short, value, doc, parse, repeatable }: SharedFlag): Option {
  const option = new Option(`${short === undefined ? "" : `-${short}, `}--${name}${value === undefined ? "" : ` <${value}>`}`, doc);
  if (value === undefined) return option;
  const checked = (text: string): string => {
    parse?.(text);
    return text;
  };
  if (repeatable !== true) return option.argParser(checked);
  return option.argParser((text: string, before: readonly string[] | undefined): readonly string[] => [...(before ?? []), checked(text)]);
}
