import type { LoadedConfig } from "@berth/registry/config";
import type { ListeningInfo, LogOutput, openLogOutput, runDaemon } from "@berth/registry/daemon";
import { Command } from "commander";
import { CommandFailure, EXIT_CODE } from "../exit-code.ts";
import type { CommandIo, OutputStream } from "../io.ts";
import type { RunOptions } from "../run-options.ts";
import { formatWelcome } from "../serve/welcome.ts";
import { addServeFlags, type ServeFlags, toOverrides } from "../serve/flags.ts";

/** Finds the server, which is loaded by nothing but `serve`. */
export type LoadDaemon = () => Promise<{ readonly openLogOutput: typeof openLogOutput; readonly runDaemon: typeof runDaemon }>;

/** `berth serve`. */
export function serveCommand({ io, loadDaemon = () => import("@berth/registry/daemon") }: RunOptions): Command {
  const command = new Command().argument(
    "[config]",
    "a config.yml of version 0.1; REGISTRY_CONFIGURATION_PATH unless given; without either, ./data is served on 127.0.0.1:5000",
  );
  return addServeFlags(command)
    .addHelpText("after", HELP)
    .action(async (argument: string | undefined, flags: ServeFlags) => {
      if (argument !== undefined && flags.config !== undefined)
        throw new CommandFailure(EXIT_CODE.usage, `will not choose between two files: "${argument}" and --config "${flags.config}"`);
      const given = argument ?? flags.config ?? io.env["REGISTRY_CONFIGURATION_PATH"];
      const file = given === "" ? undefined : given;
      const { config, warnings } = await load(io, command, file, flags);
      const daemon = await loadDaemon();
      const stdout = lineWriter(io.stdout, daemon.openLogOutput);
      const stderr = lineWriter(io.stderr, daemon.openLogOutput);
      const greets = file === undefined || io.stderr.isTTY === true;
      const onListening = (info: ListeningInfo): void => stderr.write(formatWelcome(info, config, io.env));
      let exitCode: number;
      try {
        exitCode = await daemon.runDaemon({ config, warnings, stdout, stderr, signal: io.signal, ...(greets ? { onListening } : {}) });
      } finally {
        // What is said last matters most, and an error of the start comes after it.
        stdout.flush();
        stderr.flush();
      }
      if (exitCode !== EXIT_CODE.ok) throw new CommandFailure(exitCode);
    });
}

const HELP = `
A flag wins over an environment variable, and a variable over the file. Variables: PORT, BERTH_DATA, and
REGISTRY_<KEY>_<KEY> for every key of the file, such as REGISTRY_HTTP_ADDR or REGISTRY_STORAGE_DELETE_ENABLED.

Examples:
  berth serve                                         ./data on 127.0.0.1:5000, deletes allowed, no password
  berth serve --port 0 --data /srv/registry           another folder, any free port
  berth serve --addr :443 --tls-cert c.pem --tls-key k.pem --htpasswd users
  berth serve /etc/distribution/config.yml --strict   as a file says
  berth config check config.yml                       find the mistakes in a file first
`;

async function load(io: CommandIo, command: Command, file: string | undefined, flags: ServeFlags): Promise<LoadedConfig> {
  const { ConfigError, formatIssue, loadConfig } = await import("@berth/registry/config");
  try {
    return loadConfig({
      ...(file === undefined ? {} : { file }),
      env: io.env,
      overrides: toOverrides(flags),
      strict: flags.strict ?? false,
    });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const mistakes = error.issues.filter(({ severity }) => severity === "error");
    for (const issue of mistakes) io.stderr.write(`configuration error: ${formatIssue(issue, file)}\n`);
    io.stderr.write(`usage: berth serve ${command.usage()}\n`);
    const isUsage = mistakes.some(({ origin }) => origin?.startsWith("--") === true);
    throw new CommandFailure(isUsage ? EXIT_CODE.usage : EXIT_CODE.failure);
  }
}

/** Log lines of the real streams are gathered and written beside the event loop; anything else takes them as they come. */
function lineWriter(stream: OutputStream, open: (descriptor: 1 | 2) => LogOutput): LogOutput {
  if (stream.fd === 1 || stream.fd === 2) return open(stream.fd);
  return { write: (line) => void stream.write(line), flush: () => undefined };
}
