import { Writable } from "node:stream";
import { CommandFailure, EXIT_CODE } from "../exit-code.ts";
import type { CommandIo } from "../io.ts";

/** Whether somebody can be asked: standard input is a terminal. */
export function canAsk(io: CommandIo): boolean {
  return io.stdin.isTTY === true;
}

/** Asks on standard error, so that standard output stays clean, and shows nothing of the answer. */
export async function askSecret(io: CommandIo, question: string): Promise<string> {
  const hidden = new Writable({ write: (_chunk, _encoding, done) => done() });
  // Asked only once the terminal shows nothing any more of what is typed.
  const answer = ask(io, hidden, "", () => io.stderr.write(question));
  return await answer.finally(() => io.stderr.write("\n"));
}

/** Asks on standard error. The answer is shown as it is typed. */
export async function askLine(io: CommandIo, question: string): Promise<string> {
  return await ask(io, io.stderr, question);
}

/** Asks for a yes; anything else is a no. */
export async function confirm(io: CommandIo, question: string): Promise<boolean> {
  return /^y(?:es)?$/i.test((await askLine(io, `${question} [y/N] `)).trim());
}

async function ask(io: CommandIo, output: Writable, question: string, onReady?: () => void): Promise<string> {
  const { createInterface } = await import("node:readline/promises"); // nobody asks most of the time
  const lines = createInterface({ input: io.stdin, output, terminal: true });
  // A raw terminal hands Ctrl-C to us instead of to the system.
  const interrupt = new AbortController();
  lines.once("SIGINT", () => interrupt.abort());
  onReady?.();
  try {
    return await lines.question(question, { signal: AbortSignal.any([io.signal, interrupt.signal]) });
  } catch (error) {
    if (interrupt.signal.aborted || io.signal.aborted) throw new CommandFailure(EXIT_CODE.interrupted);
    throw error;
  } finally {
    lines.close();
  }
}
