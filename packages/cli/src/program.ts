import { Command, CommanderError } from "commander";
import { apiDescribeCommand } from "./commands/api-describe.ts";
import { configCommand } from "./commands/config.ts";
import { digestCommand } from "./commands/digest.ts";
import { htpasswdCommand } from "./commands/htpasswd.ts";
import { type LoadDaemon, serveCommand } from "./commands/serve.ts";
import { versionCommand } from "./commands/version.ts";
import { CommandFailure, EXIT_CODE } from "./exit-code.ts";
import type { CommandIo } from "./io.ts";
import { versionLine } from "./version.ts";

/** What `run` takes beside the arguments. */
export interface RunOptions {
  readonly io: CommandIo;
  /** Where `serve` finds the server; default the registry package, loaded when it is needed. */
  readonly loadDaemon?: LoadDaemon;
}

/** Runs one command line, without the program's name, and resolves with the exit code. Never throws. */
export async function run(args: readonly string[], options: RunOptions): Promise<number> {
  const { io } = options;
  const program = createProgram(options);
  if (args.length === 0) {
    io.stdout.write(program.helpInformation());
    return EXIT_CODE.ok;
  }
  try {
    await program.parseAsync([...args], { from: "user" });
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

/** The whole command line: `run` parses with it, the manual is made from it. */
export function createProgram({ io, loadDaemon }: RunOptions): Command {
  const program = new Command("berth")
    .description("The OCI registry toolkit: run a registry and work with what is in it.")
    .version(versionLine(), "-v, --version", "print the version and stop")
    .helpOption("-h, --help", "say more about a command")
    .addHelpText(
      "after",
      "\nExamples:\n  berth serve                     run a registry over ./data on 127.0.0.1:5000\n  berth serve config.yml          run it as a file says\n  berth config check config.yml   find the mistakes in a file\n\nExit codes: 0 done, 1 failed, 2 used wrongly (unknown commands and flags, missing arguments, values that cannot be),\n130 interrupted.\n",
    )
    .addCommand(serveCommand(io, loadDaemon))
    .addCommand(configCommand(io))
    .addCommand(htpasswdCommand(io))
    .addCommand(apiDescribeCommand(io))
    .addCommand(digestCommand(io))
    .addCommand(versionCommand(io));
  prepare(program, io);
  return program;
}

/** Sends the words of the parser to the right place, for every command: one line on a mistake, not the whole help. */
function prepare(command: Command, io: CommandIo): void {
  command
    .exitOverride()
    .showSuggestionAfterError()
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
      getOutHelpWidth: () => 100,
      getErrHelpWidth: () => 100,
      outputError: (text, write) => write(`${text.replace(/^error: /, "berth: ").trimEnd()}\nusage: ${usageOf(command)}\n`),
    });
  for (const below of command.commands) prepare(below, io);
}

function usageOf(command: Command): string {
  const names: string[] = [];
  for (let at: Command | null = command; at !== null; at = at.parent) names.unshift(at.name());
  return `${names.join(" ")} ${command.usage()}`;
}
