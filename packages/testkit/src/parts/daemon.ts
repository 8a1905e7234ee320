import { spawn } from "node:child_process";
import { bareEnvironment, CommandError } from "./command.ts";
import { adoptGroup, killGroup } from "./process-group.ts";

/** How to start a daemon in the foreground. */
export interface DaemonOptions {
  /** Variables on top of a bare environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** The line of its output that says it takes requests. */
  readonly ready: RegExp;
  /** Milliseconds to wait for that line; default 30,000. */
  readonly startTimeoutMs?: number;
  /** Milliseconds between SIGTERM and SIGKILL; default 20,000. */
  readonly stopTimeoutMs?: number;
}

/** A daemon that takes requests. */
export interface Daemon {
  /** Of the process that was started. */
  readonly pid: number;
  /** What `ready` matched, with its groups. */
  readonly match: RegExpExecArray;
  /** Everything it printed so far. */
  log(): string;
  /** Ends it and everything it started; returns when it has ended. Safe to call twice. */
  stop(): Promise<void>;
}

/** Starts a daemon and waits until it says that it is ready. @throws {CommandError} when it ends or stays silent. */
export async function startDaemon(command: string, args: readonly string[], options: DaemonOptions): Promise<Daemon> {
  const child = spawn(command, args, { env: bareEnvironment(options.env), detached: true, stdio: ["ignore", "pipe", "pipe"] });
  const release = adoptGroup(child);
  let output = "";
  const ended = new Promise<void>((resolve) => {
    child.once("close", () => resolve());
  });
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) killGroup(child, "SIGTERM");
    const timer = setTimeout(() => killGroup(child, "SIGKILL"), options.stopTimeoutMs ?? 20_000);
    await ended;
    clearTimeout(timer);
    killGroup(child, "SIGKILL"); // helpers that outlived their parent
    release();
  };
  const line = [command, ...args].join(" ");
  const startTimeoutMs = options.startTimeoutMs ?? 30_000;
  try {
    const match = await new Promise<RegExpExecArray>((resolve, reject) => {
      const fail = (why: string): void => reject(new CommandError({ line, why, exitCode: child.exitCode ?? undefined, output }));
      const timer = setTimeout(() => fail(`not ready after ${startTimeoutMs} ms`), startTimeoutMs);
      const read = (chunk: Buffer): void => {
        output += chunk.toString("utf8");
        const found = options.ready.exec(output);
        if (found === null) return;
        clearTimeout(timer);
        resolve(found);
      };
      child.stdout.on("data", read);
      child.stderr.on("data", read);
      child.once("error", reject);
      child.once("close", () => {
        clearTimeout(timer);
        fail("ended before it was ready");
      });
    });
    return { pid: child.pid ?? 0, match, log: () => output, stop };
  } catch (error) {
    if (child.pid !== undefined) await stop();
    throw error;
  }
}
