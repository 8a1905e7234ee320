import { Connections } from "../connect/connections.ts";
import { Warnings } from "../connect/warnings.ts";
import { type Settings, readSettings } from "../flags/settings.ts";
import type { CommandIo } from "../io.ts";

/** One run of a command that speaks to registries: what its flags say, the ways to registries, and what is to be told at the end. */
export class Session {
  /** Its signal is aborted when time is up, too. */
  readonly io: CommandIo;
  readonly settings: Settings;
  readonly warnings: Warnings;
  readonly connections: Connections;
  /** What it is about: the reference that was opened last, for hints. */
  subject: string | undefined;
  readonly #deadline: AbortSignal | undefined;

  /** @param flags as the parser found them. @throws {CommandFailure} on a value that cannot be. */
  constructor(io: CommandIo, flags: Readonly<Record<string, unknown>>) {
    this.settings = readSettings(flags, io.env);
    const { timeoutMs } = this.settings;
    this.#deadline = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs);
    const signal = this.#deadline === undefined ? io.signal : AbortSignal.any([io.signal, this.#deadline]);
    this.io = { stdin: io.stdin, stdout: io.stdout, stderr: io.stderr, env: io.env, signal };
    this.warnings = new Warnings();
    this.connections = new Connections(this.io, this.settings, this.warnings);
  }

  /** Aborted when the command is to stop: hand it to everything that takes time. */
  get signal(): AbortSignal {
    return this.io.signal;
  }

  /** Whether `--timeout` is over. */
  get isTimedOut(): boolean {
    return this.#deadline?.aborted === true;
  }

  /** Things done at a time. @param fallback when nobody says. */
  jobs(fallback: number): number {
    return this.settings.jobs ?? fallback;
  }

  /** Says something to a person, on standard error; not with `--quiet`. */
  say(text: string): void {
    if (!this.settings.quiet) this.io.stderr.write(`${text}\n`);
  }

  /** Closes what was opened, and says what registries warned of. */
  async close(): Promise<void> {
    await this.connections.close();
    this.warnings.flush(this.io.stderr);
  }
}
