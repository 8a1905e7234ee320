import { Command } from "commander";
import { findCommand } from "../command/find.ts";
import type { Candidate } from "../completion/candidate.ts";
import { commandNames, flagNames, flagOf, flagValues, tableAfter } from "../completion/command-line.ts";
import { referenceNames } from "../completion/remote-names.ts";
import { TOPICS } from "../help/topics.ts";
import type { RunOptions } from "../run-options.ts";
import { Session } from "../session/session.ts";
import { plainText } from "../output/plain-text.ts";

/** Whoever presses Tab does not wait longer, unless `BERTH_TIMEOUT` says so. */
const PATIENCE = "2s";

/** `berth __complete WORDS...`: what the last word may be completed to. Says nothing when anything is wrong. */
export function completeCommand(options: RunOptions): Command {
  const { io } = options;
  return new Command()
    .argument("[word...]")
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .action(async (words: string[]) => {
      for (const { value, meaning } of await candidates(options, words))
        io.stdout.write(`${plainText(value)}${meaning === "" ? "" : `\t${plainText(meaning)}`}\n`);
    });
}

async function candidates(options: RunOptions, words: readonly string[]): Promise<readonly Candidate[]> {
  const before = words.slice(0, -1);
  const word = words.at(-1) ?? "";
  const { commands = [] } = options;
  if (before[0] === "help" && before.length === 1)
    return [
      ...commandNames(commands, word),
      ...TOPICS.filter(({ name }) => name.startsWith(word)).map(({ name, summary }) => ({ value: name, meaning: summary })),
    ];
  const inner = tableAfter(commands, before[0] === "help" ? before.slice(1) : before);
  if (inner !== undefined) return commandNames(inner, word);
  const { row } = findCommand(commands, before);
  if (row === undefined) return [];
  const command = (await row.load())(options);
  const flag = flagOf(command, before.at(-1));
  if (flag !== undefined) return flagValues(flag, word);
  const [, name] = /^(--[^=]+)=/.exec(word) ?? []; // --flag=value
  const joined = flagOf(command, name);
  if (joined !== undefined) return flagValues(joined, word, `${name}=`);
  if (word.startsWith("-")) return flagNames(command, word);
  return await remote(options, command, before, word);
}

async function remote({ io }: RunOptions, command: Command, before: readonly string[], word: string): Promise<readonly Candidate[]> {
  const takesPlace = command.registeredArguments.some((argument) =>
    /reference|place|registry|repository|from|to|source|destination/.test(argument.name()),
  );
  if (!takesPlace) return [];
  const session = new Session(io, { timeout: io.env["BERTH_TIMEOUT"] || PATIENCE, retries: "0", ...switches(before) });
  try {
    return await referenceNames(session, word);
  } catch {
    return []; // nobody reads errors between two presses of Tab
  } finally {
    session.warnings.clear();
    await session.close().catch(() => undefined);
  }
}

/** Flags of the line that decide how a registry is reached. */
function switches(words: readonly string[]): Readonly<Record<string, unknown>> {
  return { ...(words.includes("--plain-http") && { plainHttp: true }), ...(words.includes("--insecure") && { insecure: true }) };
}
