import { spawn } from "node:child_process";
import { BerthError } from "@berth/oci";
import { adoptGroup, killGroup } from "./process-group.ts";

/** How to run a command. */
export interface RunOptions {
  /** Default: that of this process. */
  readonly cwd?: string;
  /** Variables on top of a bare environment (PATH, LANG and TMPDIR of this process): nothing of the user's leaks in. */
  readonly env?: Readonly<Record<string, string>>;
  /** Bytes for standard input; default none (closed at once). */
  readonly input?: string | Uint8Array;
  /** Milliseconds until the command and its children are killed; default 120,000. */
  readonly timeoutMs?: number;
  /** Texts to blank out of errors and of the captured output. */
  readonly secrets?: readonly string[];
  /** Whether an exit code other than 0 is a result instead of an error; default false. */
  readonly mayFail?: boolean;
}

/** What a command left behind: its `exitCode`, and what it wrote to `stdout` and `stderr`, secrets blanked out. */
export interface RunResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

/** A command failed or took too long. The message carries the end of its output, secrets blanked out. */
export class CommandError extends BerthError<"ERR_COMMAND"> {
  /** Undefined when the command was killed by its time limit or a signal. */
  readonly exitCode: number | undefined;
  /** Both streams, as far as they were kept; secrets blanked out. */
  readonly output: string;

  constructor(fields: { readonly line: string; readonly why: string; readonly exitCode: number | undefined; readonly output: string }) {
    super("ERR_COMMAND", `Cannot run "${fields.line}": ${fields.why}\n${fields.output.slice(-4000)}`);
    this.exitCode = fields.exitCode;
    this.output = fields.output;
  }
}

/** Runs a command to its end. @throws {CommandError} when it exits with another code than 0 or takes too long. */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const clean = redactor(options.secrets ?? []);
  const timeoutMs = options.timeoutMs ?? 120_000;
  const child = spawn(command, args, { cwd: options.cwd, env: bareEnvironment(options.env), detached: true, stdio: "pipe" });
  const release = adoptGroup(child);
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
  child.stdin.on("error", () => undefined); // a command may exit without reading its input
  child.stdin.end(options.input);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    killGroup(child, "SIGKILL");
  }, timeoutMs);
  try {
    const exit = await new Promise<{ code: number | null; signal: string | null }>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, signal) => resolve({ code, signal }));
    });
    const stdout = clean(Buffer.concat(out).toString("utf8"));
    const stderr = clean(Buffer.concat(err).toString("utf8"));
    if (exit.code === null || (exit.code !== 0 && options.mayFail !== true)) {
      const why = late ? `still running after ${timeoutMs} ms` : exit.code === null ? `ended by ${exit.signal}` : `exit code ${exit.code}`;
      throw new CommandError({ line: clean([command, ...args].join(" ")), why, exitCode: exit.code ?? undefined, output: stdout + stderr });
    }
    return { stdout, stderr, exitCode: exit.code };
  } finally {
    clearTimeout(timer);
    release();
  }
}

/** The environment of every real part: no proxy, credential or configuration of the person who runs the tests. */
export function bareEnvironment(extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  const bare: Record<string, string> = { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C.UTF-8" };
  const folder = process.env["TMPDIR"];
  if (folder !== undefined) bare["TMPDIR"] = folder;
  return { ...bare, ...extra };
}

function redactor(secrets: readonly string[]): (text: string) => string {
  return (text) => secrets.reduce((rest, secret) => rest.replaceAll(secret, "<redacted>"), text);
}
