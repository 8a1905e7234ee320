import { type Argument, Command, type Option } from "commander";
import { findCommand } from "../command/find.ts";
import type { Candidate } from "../completion/candidate.ts";
import { argumentAfter, commandNames, flagNames, flagOf, knownValues, tableAfter, wordKind } from "../completion/command-line.ts";
import { pathNames } from "../completion/path-names.ts";
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
  const { row, path } = findCommand(commands, before);
  if (row === undefined) return [];
  const command = (await row.load())(options);
  const flag = flagOf(command, before.at(-1));
  if (flag !== undefined) return await valuesOf(options, flag, before, word);
  const [lead = "", name] = /^(--[^=]+)=/.exec(word) ?? []; // --flag=value
  const joined = flagOf(command, name);
  if (joined !== undefined)
    return (await valuesOf(options, joined, before, word.slice(lead.length), true)).map((one) => ({
      ...one,
      value: `${lead}${one.value}`,
    }));
  if (word.startsWith("-")) return flagNames(command, word);
  const argument = argumentAfter(command, before.slice(path.length));
  return argument === undefined ? [] : await valuesOf(options, argument, before, word);
}

/** What an argument, or the value of a flag, may be. Shells know files best, but not where a flag stands before them in the same word. */
async function valuesOf(
  options: RunOptions,
  of: Argument | Option,
  before: readonly string[],
  start: string,
  isJoined = false,
): Promise<readonly Candidate[]> {
  const kind = wordKind(of);
  if (kind === "place") return await places(options, before, start);
  if (kind !== "other") return isJoined ? await pathNames(start, kind) : [];
  return knownValues(of, start);
}

async function places({ io }: RunOptions, before: readonly string[], start: string): Promise<readonly Candidate[]> {
  const session = new Session(io, { timeout: io.env["BERTH_TIMEOUT"] || PATIENCE, retries: "0", ...switches(before) });
  try {
    return await referenceNames(session, start);
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
