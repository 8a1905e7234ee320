import { createInterface } from "node:readline/promises";
import { text } from "node:stream/consumers";
import { Writable } from "node:stream";
import { Command, InvalidArgumentError } from "commander";
import { CommandFailure, EXIT_CODE } from "../exit-code.ts";
import type { CommandIo } from "../io.ts";
import type { RunOptions } from "../run-options.ts";

interface HtpasswdFlags {
  readonly passwordStdin?: boolean;
  readonly cost: number;
}

/** `berth htpasswd`: makes a line of a password file. */
export function htpasswdCommand({ io }: RunOptions): Command {
  return new Command()
    .argument("<user>", "the user's name")
    .option("--password-stdin", "read the password from standard input")
    .option("--cost <number>", "bcrypt's cost factor, 4 to 17: each step doubles the work of a login", parseCost, 10)
    .addHelpText(
      "after",
      '\nExamples:\n  berth htpasswd alice >> htpasswd\n  printf %s "$PASSWORD" | berth htpasswd alice --password-stdin >> htpasswd\n',
    )
    .action(async (user: string, flags: HtpasswdFlags) => {
      const password = flags.passwordStdin === true ? (await text(io.stdin)).replace(/\r?\n$/, "") : await askTwice(io);
      const { formatHtpasswdEntry } = await import("@berth/registry/htpasswd");
      try {
        io.stdout.write(`${await formatHtpasswdEntry(user, password, flags.cost)}\n`);
      } catch (error) {
        if (error instanceof RangeError) throw new CommandFailure(EXIT_CODE.usage, error.message);
        throw error;
      }
    });
}

function parseCost(value: string): number {
  const cost = Number(value);
  if (!Number.isInteger(cost) || cost < 4 || cost > 17) throw new InvalidArgumentError("expected a whole number from 4 to 17");
  return cost;
}

async function askTwice(io: CommandIo): Promise<string> {
  if (io.stdin.isTTY !== true) throw new CommandFailure(EXIT_CODE.usage, "no terminal to ask for the password: use --password-stdin");
  const password = await ask(io, "Password: ");
  if ((await ask(io, "Again: ")) !== password) throw new CommandFailure(EXIT_CODE.failure, "the passwords differ");
  return password;
}

/** Asks on standard error, so that the entry on standard output stays clean, and shows nothing of the answer. */
async function ask(io: CommandIo, question: string): Promise<string> {
  io.stderr.write(question);
  const hidden = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: io.stdin, output: hidden, terminal: true });
  // A raw terminal hands Ctrl-C to us instead of to the system.
  const interrupt = new AbortController();
  lines.once("SIGINT", () => interrupt.abort());
  try {
    return await lines.question("", { signal: AbortSignal.any([io.signal, interrupt.signal]) });
  } catch (error) {
    if (interrupt.signal.aborted || io.signal.aborted) throw new CommandFailure(EXIT_CODE.interrupted);
    throw error;
  } finally {
    lines.close();
    io.stderr.write("\n");
  }
}
