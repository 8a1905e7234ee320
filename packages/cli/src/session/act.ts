import type { Command } from "commander";
import { usageOf } from "../command/usage.ts";
import { reportError } from "../errors/error-report.ts";
import { printError, printErrorRecord } from "../errors/print-error.ts";
import { CommandFailure } from "../exit-code.ts";
import type { Side } from "../flags/flag-reader.ts";
import type { CommandIo } from "../io.ts";
import type { RunOptions } from "../run-options.ts";
import { Session } from "./session.ts";

/** What a command does, given its session, its arguments and its flags. */
export type Work<Args extends readonly unknown[]> = (session: Session, ...args: Args) => Promise<void>;

/**
 * Makes the action of a command: opens a session by its flags, does the work, closes what was opened, and tells what failed. The one place
 * where errors of commands are printed.
 *
 * @example
 * ```ts
 * new Command().argument("<host>").action(act(options, async (session, host: string) => { ... }))
 * ```
 */
export function act<Args extends readonly unknown[]>(
  { io }: RunOptions,
  work: Work<Args>,
): (this: Command, ...args: Args) => Promise<void> {
  return async function action(this: Command, ...args: Args): Promise<void> {
    const flags: Readonly<Record<string, unknown>> = this.opts();
    let session: Session | undefined;
    try {
      session = new Session(io, flags, { showsProgress: has(this, "--progress") });
      await session.check();
      await work(session, ...args);
      await session.close();
    } catch (error) {
      await session?.close().catch(() => undefined); // the error before it is the one to tell
      throw await told(error, this, session, io);
    }
  };
}

/** Prints an error. What is thrown on carries the exit code alone. */
async function told(
  error: unknown,
  command: Command,
  session: Session | undefined,
  { stdout, stderr, signal }: CommandIo,
): Promise<CommandFailure> {
  const { debug = false, timeoutMs } = session?.settings ?? {};
  const subject = isOfSource(error) ? session?.source : session?.subject;
  const isSource = isOfSource(error) || session?.subject === session?.source;
  const report = await reportError(error, {
    stopped: signal.aborted,
    stopReason: signal.reason,
    ...(session?.stopHint !== undefined && { stopHint: session.stopHint }),
    proof: () => proofOf(command, session, isSource ? "from" : "to"),
    hasMaxRatio: has(command, "--max-ratio"),
    ...(subject !== undefined && { subject }),
    ...(session?.isTimedOut === true && timeoutMs !== undefined && { timedOutMs: timeoutMs }),
  });
  if (session !== undefined) session.fail(report, usageOf(command));
  else {
    printError(stderr, report, command.opts()["format"] === "json", usageOf(command)); // a flag, or a variable, has a value that cannot be
    if (command.opts()["progress"] === "json") printErrorRecord(stdout, report);
  }
  if (debug && error instanceof Error) {
    const { sourceStack } = await import("../errors/source-stack.ts");
    stderr.write(`${sourceStack(error.stack ?? String(error))}\n`);
  }
  return new CommandFailure(report.exitCode);
}

/** Whether a command has an option. */
function has(command: Command, flag: string): boolean {
  return command.options.some(({ long }) => long === flag);
}

/** What flags or variables prove who we are with; to log in is to prove it. */
function proofOf(command: Command, session: Session | undefined, side: Side): "password" | "token" | undefined {
  const { kind } = session?.settings.side(side).signIn ?? {};
  if (kind === "token" || command.opts()["identityToken"] === true) return "token";
  return kind === "user" || command.name() === "login" ? "password" : undefined;
}

/** True for a copy that failed at what it was read from. The shape is looked at: it is not worth loading the engine for. */
function isOfSource(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    if ("origin" in at && at.origin === "source") return true;
  }
  return false;
}
