import { withoutUserinfo } from "@berth/oci";
import { Command, CommanderError } from "commander";
import { buildCommands, type MakerOf } from "./command/build.ts";
import { findCommand } from "./command/find.ts";
import { type CommandEntry, type CommandRow, isGroup, type MakeCommand } from "./command/row.ts";
import { COMMANDS } from "./command/table.ts";
import { helpWidthOf, twoColumns, wrapText } from "./command/wrap-text.ts";
import { usageOf } from "./command/usage.ts";
import { refuseEmptyValues } from "./command/refuse-empty-values.ts";
import { printError } from "./errors/print-error.ts";
import { CommandFailure, EXIT_CODE } from "./exit-code.ts";
import { hoistFlags } from "./flags/hoist.ts";
import type { CommandIo } from "./io.ts";
import type { RunOptions } from "./run-options.ts";
import { versionLine } from "./version.ts";

/** Runs one command line, without the program's name, and resolves with the exit code. Never throws. */
export async function run(args: readonly string[], options: RunOptions): Promise<number> {
  return await runTable(COMMANDS, args, options);
}

/** {@link run} with commands of another table. */
export async function runTable(table: readonly CommandEntry[], args: readonly string[], options: RunOptions): Promise<number> {
  const { io } = options;
  try {
    const words = asHelp(table, hoistFlags(table, args));
    const { path, row } = findCommand(table, words);
    const make = await row?.load();
    // a command that was found needs no others beside it
    const makerOf: MakerOf = (one) => (one === row ? make : undefined);
    const program = assemble(row === undefined ? table : alone(path, row), makerOf, { ...options, commands: table }, wantsJson(words));
    if (args.length === 0) {
      io.stdout.write(program.helpInformation());
      return EXIT_CODE.ok;
    }
    await program.parseAsync([...words], { from: "user" });
    return EXIT_CODE.ok;
  } catch (error) {
    if (error instanceof CommandFailure) {
      if (error.message !== "") io.stderr.write(`berth: ${error.message}\n`);
      return error.exitCode;
    }
    // The parser has said what is wrong by now; help and version end this way too.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_CODE.ok : EXIT_CODE.usage;
    io.stderr.write(`berth: ${error instanceof Error ? error.message : "an unknown error happened"}\n`);
    return EXIT_CODE.failure;
  }
}

/** A table of one command, with the group around it. */
function alone([outer]: readonly CommandEntry[], row: CommandRow): readonly CommandEntry[] {
  return outer !== undefined && isGroup(outer) ? [{ ...outer, commands: [row] }] : [row];
}

/** The whole command line without what lists leave out, every command loaded: the manual is made from it. */
export async function loadProgram(options: RunOptions): Promise<Command> {
  const makers = new Map<CommandEntry, MakeCommand>();
  const shown = COMMANDS.filter(({ hidden }) => hidden !== true);
  for (const row of shown.flatMap((entry) => (isGroup(entry) ? entry.commands : [entry]))) makers.set(row, await row.load());
  return assemble(shown, (row) => makers.get(row), { ...options, commands: COMMANDS });
}

/** `berth help ls` is `berth ls --help`. What is no command may be a topic. */
function asHelp(table: readonly CommandEntry[], args: readonly string[]): readonly string[] {
  const [first, ...words] = args;
  return first === "help" && (words.length === 0 || findCommand(table, words).path.length > 0) ? [...words, "--help"] : args;
}

function assemble(table: readonly CommandEntry[], makerOf: MakerOf, options: RunOptions, asJson: boolean = false): Command {
  const program = new Command("berth")
    .description("The OCI registry toolkit: run a registry and work with what is in it.")
    .usage("[options] <command>")
    .version(versionLine(), "-v, --version", "print the version and stop")
    .helpOption("-h, --help", "say more about a command")
    .enablePositionalOptions()
    .addHelpText("after", () => {
      const width = helpWidthOf(options.io.stdout);
      return `\nExamples:\n${twoColumns(EXAMPLES, width)}\n\n${wrapText(REFERENCES, width).join("\n")}\n`;
    });
  for (const command of buildCommands(table, makerOf, options)) program.addCommand(command);
  program.hook("preAction", (_, command) => refuseEmptyValues(command));
  prepare(program, options.io, asJson);
  return program;
}

const EXAMPLES: readonly (readonly [line: string, does: string])[] = [
  ["berth serve", "run a registry over ./data on 127.0.0.1:5000"],
  ["berth ls registry.example.com", "list what a registry holds"],
  ["berth digest debian:12", "which content a tag names now"],
  ["berth help exit-codes", "what the exit code says"],
];

const REFERENCES = "A reference is HOST/NAME:TAG, and images in files are places too: oci:FOLDER:TAG. See `berth help references`.";

/** One line of a list of help; all names of a list are padded to the longest one. */
function formatItem(term: string, termWidth: number, description: string, width: number): string {
  return twoColumns([[term.padEnd(termWidth), description]], width);
}

/** Other tools have `--json`, which no letters of ours come near to, and take what is written as one more argument. */
function adviceFor(command: Command, text: string): string {
  const has = (flag: string): boolean => command.options.some(({ long }) => long === flag);
  if (text.includes("'--json'") && has("--format")) return "\n(Did you mean --format json?)";
  return text.startsWith("error: too many arguments") && has("--output") ? "\n(Did you mean --output?)" : "";
}

/** The parser quotes what it was given, also an address that was pasted. */
function withoutPasswords(text: string): string {
  return text.replace(/'([^'\n]*)'/g, (_, quoted: string) => `'${withoutUserinfo(quoted)}'`);
}

/** Whether mistakes are told to a program: the parser has not come to the flag where it finds one before it. */
function wantsJson(words: readonly string[]): boolean {
  const own = words.includes("--") ? words.slice(0, words.indexOf("--")) : words;
  return own.some((word, at) => word === "--format=json" || (word === "json" && own[at - 1] === "--format"));
}

/** Sends the words of the parser to the right place, for every command: one line on a mistake, not the whole help. */
function prepare(command: Command, io: CommandIo, asJson: boolean): void {
  command
    .exitOverride()
    .helpCommand(false)
    .showSuggestionAfterError()
    .configureHelp({
      minWidthToWrap: 30,
      formatItem: (term, termWidth, description) => formatItem(term, termWidth, description, helpWidthOf(io.stdout)),
    })
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
      getOutHelpWidth: () => helpWidthOf(io.stdout),
      getErrHelpWidth: () => helpWidthOf(io.stderr),
      outputError(text) {
        const message = `${withoutPasswords(text.replace(/^error: /, "")).trimEnd()}${adviceFor(command, text)}`;
        printError(io.stderr, { class: "Usage", code: "ERR_USAGE", message, exitCode: EXIT_CODE.usage }, asJson, usageOf(command));
      },
    });
  for (const below of command.commands) prepare(below, io, asJson);
}
