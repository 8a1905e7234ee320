import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

/** A script that runs as a process of its own, and is killed at the end of the test at the latest. */
export interface Child {
  readonly process: ChildProcess;
  readonly input: Writable;
  /** The lines that it says. */
  readonly lines: AsyncIterator<string>;
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<unknown>;
}

/** Starts a script. What it says on standard error is shown. */
export function startChild(script: URL, args: readonly string[]): Child {
  const child: ChildProcess & { stdin: Writable; stdout: Readable } = spawn(
    process.execPath,
    ["--conditions=berth-source", fileURLToPath(script), ...args],
    {
      stdio: ["pipe", "pipe", "inherit"],
    },
  );
  onTestFinished(() => void child.kill("SIGKILL"));
  child.stdin.on("error", () => undefined); // it may end before it reads everything
  const ended = once(child, "exit").then(([code, signal]: unknown[]) => code ?? signal);
  return { process: child, input: child.stdin, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator](), ended };
}
